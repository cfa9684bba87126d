"""A `postmaster.pid` that a crash has left: it holds up no start, and a server that runs is never started twice."""

import contextlib
import os
import socket
from pathlib import Path

from luotsi.platform.data_dir import is_alive
from luotsi.platform.process import PlatformError

_PORT_LINE = 3


def make_way(folder: Path) -> None:
    """Let a server start in `folder`, though the file of an earlier one names a process that is there.

    After a crash the number may have become that of another process, and while any has it, PostgreSQL does not start.
    The file stays: PostgreSQL learns from it, too, which shared memory the earlier server had, and does not start while
    that is in use. Only the number becomes our own, since PostgreSQL takes that of its parent for stale. Raises
    PlatformError when the process is a server of this very folder.
    """
    file = folder / "postmaster.pid"
    try:
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    except FileNotFoundError:
        return
    pid = lines[0].strip() if lines else ""
    if not pid.isdigit():
        file.unlink()  # written halfway: PostgreSQL would neither start with it nor take it away
    elif is_alive(pid):
        if _serves(int(pid), folder, lines):
            raise PlatformError(f"a PostgreSQL (process {pid}) already runs on {folder}: stop it first")
        with file.open("r+", encoding="utf-8") as open_file:
            open_file.write("".join([f"{os.getpid()}\n", *lines[1:]]))
            open_file.truncate()


def _serves(pid: int, folder: Path, lines: list[str]) -> bool:
    """Whether the process is a PostgreSQL at work in `folder`, as far as this machine tells; else by its port."""
    process = Path("/proc") / str(pid)
    try:
        name, where = (process / "comm").read_text().strip(), (process / "cwd").readlink()
    except FileNotFoundError:
        if Path("/proc/self/cwd").exists():
            return False  # it ends just now
    except PermissionError:
        if process.stat().st_uid != folder.stat().st_uid:
            return False  # whoever runs the server owns its files
    else:
        return name.startswith("postgres") and where == folder.resolve()
    return _answers(lines[_PORT_LINE].strip() if len(lines) > _PORT_LINE else "")


def _answers(port: str) -> bool:
    with contextlib.suppress(OSError, ValueError, OverflowError), socket.create_connection(("127.0.0.1", int(port)), 1):
        return True
    return False
