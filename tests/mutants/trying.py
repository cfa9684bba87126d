"""Tries a planted mistake: in a copy of the tree, with whatever has to notice it, until that has a verdict."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.mutants.planting import FaultRun, Mutant, NamedTests

ROOT: Final = Path(__file__).resolve().parents[2]
_GRACE_SECONDS: Final = 60.0
"""How long what was too slow may take to stop the servers that it has started."""


@dataclass(frozen=True)
class Verdict:
    """`what` is noticed, survived, hung or no verdict; `said` is the line that tells it."""

    what: str
    seconds: float
    said: str


def try_out(mutant: Mutant) -> Iterator[tuple[NamedTests | FaultRun, Verdict]]:
    """Plant the mistake, and let each of those run that have to notice it. Raises DoesNotApply."""
    for way in mutant.noticed_by:
        with copy_of_the_tree() as root:
            mutant.plant(root)
            yield way, run(way, root)


@contextmanager
def copy_of_the_tree() -> Iterator[Path]:
    """What git knows or would take of the tree, as it lies there now; git finds its history from there, too."""
    listed = _git("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    with tempfile.TemporaryDirectory(prefix="luotsi-mutant-") as folder:
        root = Path(folder)
        root.chmod(0o755)  # the databases' own account may have to look into it
        (root / ".git").write_text(f"gitdir: {_git('rev-parse', '--absolute-git-dir')}")
        for name in filter(None, listed.split("\0")):
            if (ROOT / name).is_file():
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(ROOT / name, root / name)
        yield root


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def run(way: NamedTests | FaultRun, root: Path) -> Verdict:
    """Let it run in the tree at `root`, with this very environment, and see what comes of it."""
    begun = time.monotonic()
    with tempfile.TemporaryFile("w+") as output:
        process = subprocess.Popen(
            [sys.executable, *way.arguments],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"},
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )
        status = _wait(process, way.within)
        output.seek(0)
        lines = output.read().splitlines()
    what, said = judge_tests(status, lines) if isinstance(way, NamedTests) else judge_faults(way, status, lines)
    return Verdict(what, time.monotonic() - begun, said)


def _wait(process: "subprocess.Popen[bytes]", seconds: float) -> int | None:
    """The exit status; None, and nothing of it is left, when it took longer."""
    with suppress(subprocess.TimeoutExpired):
        return process.wait(seconds)
    for sent in (signal.SIGINT, signal.SIGTERM):
        process.send_signal(sent)
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS / 2)
            break
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    return None


def judge_tests(status: int | None, lines: list[str]) -> tuple[str, str]:
    """What came of tests that ended with a status, None when they did not, and printed lines; and the line for it."""
    if status is None:
        return "hung", _last(lines)
    failed = [line for line in lines if line.startswith(("FAILED tests/", "ERROR tests/"))]
    if status == 1 and failed:
        return "noticed", failed[0].partition(" - ")[0]
    return "survived" if status == 0 else "no verdict", _last(lines)


def judge_faults(way: FaultRun, status: int | None, lines: list[str]) -> tuple[str, str]:
    """The same of a run of the rig."""
    if status is None:
        return "hung", _last(lines)
    told = [line.strip() for line in lines if way.says in line]
    if status == 1 and told:
        return "noticed", told[0][:160]
    return "survived" if status == 0 else "no verdict", _last(lines)


def _last(lines: list[str]) -> str:
    return next((line for line in reversed(lines) if line.strip()), "nothing was said")
