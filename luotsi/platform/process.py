"""Child processes that never outlive the process that started them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypedDict

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


class PlatformError(Exception):
    """A command cannot do what was asked. The message is for the operator, and says what to do about it."""


@dataclass(frozen=True)
class Account:
    """A system account that a process runs under instead of the caller's own."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True)
class ProcessSpec:
    """How one process is started and how it is asked to stop.

    `death_signal` is what the kernel sends to it when its parent dies without having stopped it. A `forked` process,
    whose `argv` is `python -m MODULE …`, is forked by the fork server, which calls the module's `main()`.
    `is_fork_server` is true of that server itself.
    """

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    account: Account | None = None
    stop_signal: int = signal.SIGTERM
    death_signal: int = signal.SIGKILL
    forked: bool = False
    is_fork_server: bool = False


def spawn(
    spec: ProcessSpec, log: Path, *, inherit: Sequence[int] = (), stdin: int = subprocess.DEVNULL
) -> subprocess.Popen[bytes]:
    """Start the process in a session of its own, appending its output to `log`.

    `inherit` lists file descriptors that stay open in the child. Call it from the main thread: the
    kernel counts the death of the spawning *thread* as the parent's death.
    """
    with log.open("ab") as output:
        return subprocess.Popen(
            spec.argv,
            env=dict(spec.env),
            cwd=spec.cwd,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            pass_fds=tuple(inherit),
            preexec_fn=partial(bind_to_parent, os.getpid(), spec.death_signal),  # noqa: PLW1509  two system calls
            **as_account(spec.account),
        )


class Identity(TypedDict):
    """Arguments of `subprocess.Popen` that say which account a child runs under; None keeps the caller's."""

    user: int | None
    group: int | None
    extra_groups: list[int] | None


def as_account(account: Account | None) -> Identity:
    """Arguments that make a child run under `account` alone; under the caller's own when there is none."""
    if account is None:
        return {"user": None, "group": None, "extra_groups": None}
    return {"user": account.uid, "group": account.gid, "extra_groups": []}


def bind_to_parent(parent: int, death_signal: int) -> None:
    """Let the kernel send this process the signal as soon as its parent, of that process id, is gone."""
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, death_signal)
    if os.getppid() != parent:  # it died between the fork and the line above
        os._exit(1)


def stop(process: subprocess.Popen[bytes], how: int = signal.SIGTERM, *, grace: float = 8.0) -> None:
    """Ask the process to stop and wait `grace` seconds; then kill it with all it started. Blocks."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill the process and everything in its session at once, and reap it."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
