"""The version before this one, out of git: `former.toml` names it."""

import io
import re
import subprocess
import tarfile
import tomllib
from functools import cache
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
_SAID: Final = Path(__file__).with_name("former.toml")
_FILES: Final = re.compile(r"services/(\w+)/migrations/versions/(\d+)_\w+\.py")


@cache
def former() -> dict[str, Any]:
    """Its `version` and `commit`."""
    return tomllib.loads(_SAID.read_text(encoding="utf-8"))


def _git(*arguments: str) -> bytes:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, check=False)
    if done.returncode:
        raise AssertionError(done.stderr.decode(errors="replace"))
    return done.stdout


@cache
def _tree() -> str:
    """The commit, fetched where this clone is shallow. Fails, rather than skips, where it cannot be had."""
    commit = str(former()["commit"])
    try:
        _git("cat-file", "-e", f"{commit}^{{commit}}")
    except AssertionError:
        try:
            _git("fetch", "--quiet", "--depth=1", "origin", commit)
        except AssertionError as error:
            raise AssertionError(
                f"the commit of version {former()['version']} ({commit}) is not in this clone, and could not be "
                f"fetched. This takes a clone with its history: `git fetch --unshallow`. Git says: {error}"
            ) from None
    return commit


def put_tree(folder: Path) -> None:
    """Write all files of the former version into a folder."""
    with tarfile.open(fileobj=io.BytesIO(_git("archive", "--format=tar", _tree()))) as archive:
        archive.extractall(folder, filter="data")


@cache
def former_revisions() -> dict[str, str]:
    """The newest migration of each service that the former version had."""
    listed = _git("ls-tree", "-r", "--name-only", _tree(), "services").decode().splitlines()
    found: dict[str, str] = {}
    for name in listed:
        if match := _FILES.fullmatch(name):
            found[match[1]] = max(match[2], found.get(match[1], ""))
    return found
