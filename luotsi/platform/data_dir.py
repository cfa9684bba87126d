"""The data directory of embedded mode: where everything lies, its secrets, its ports and its lock."""

import contextlib
import fcntl
import json
import os
import random
import secrets
import shutil
import socket
import tempfile
import time
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

from luotsi.platform.process import PlatformError

# Below the kernel's ephemeral range, so that no outgoing connection takes the port of a server
# between its crash and its restart.
_PORT_RANGE = range(20000, 32000)


class DataDir:
    """Paths below one data directory. Creating the object creates the directory."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.logs = self.root / "logs"
        self.keys = self.root / "keys"
        self.mail = self.root / "mail"
        self.postgres = self.root / "postgres"
        self.valkey = self.root / "valkey"
        self.platform_file = self.root / "platform.json"
        # Traversable, not listable: the account PostgreSQL runs under must reach its own folder.
        self.root.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)

    def log(self, name: str) -> Path:
        """The log file of the process called `name`."""
        return self.logs / f"{name}.log"

    def secret(self, name: str) -> str:
        """The secret of that name, made up once (32 random bytes, base64url) and kept in secrets.json."""
        known = self._secrets
        if name not in known:
            known[name] = secrets.token_urlsafe(32)
            write_private(self.root / "secrets.json", json.dumps(known, indent=2) + "\n")
        return known[name]

    def kept_secret(self, name: str) -> str | None:
        """The secret of that name, if there is one."""
        return self._secrets.get(name)

    @cached_property
    def _secrets(self) -> dict[str, str]:
        return read_json(self.root / "secrets.json")

    def port(self, name: str) -> int:
        """A free loopback port for the server `name`: the one it had last time when still free."""
        known: dict[str, int] = read_json(self.root / "ports.json")
        port = known.get(name, 0)
        while not (port and is_free(port)):
            port = random.choice(_PORT_RANGE)
        known[name] = port
        write_private(self.root / "ports.json", json.dumps(known) + "\n")
        return port

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Hold the directory for this process; yields the lock's descriptor for children to inherit.

        The lock lasts as long as any process that inherited it, so a start right after a `kill -9`
        waits for the old servers to go. Raises PlatformError when a living platform holds it.
        """
        handle = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._acquire(handle)
            os.ftruncate(handle, 0)
            os.pwrite(handle, str(os.getpid()).encode(), 0)
            try:
                yield handle
            finally:
                os.ftruncate(handle, 0)  # who lets go of it holds it no more, though children may for a moment yet
        finally:
            os.close(handle)

    def _acquire(self, handle: int, patience: float = 15.0) -> None:
        deadline = time.monotonic() + patience
        while True:
            try:
                return fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(handle, 20, 0).decode()
                if is_alive(holder) or time.monotonic() > deadline:
                    raise PlatformError(
                        f"{self.root} is in use by a running platform (process {holder or 'unknown'}): "
                        "stop it first, or choose another directory with --data"
                    ) from None
                time.sleep(0.1)


@contextlib.contextmanager
def temporary_data() -> Iterator[Path]:
    """A data directory for one throw-away platform; gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="luotsi-"))
    root.chmod(0o711)
    try:
        yield root
    finally:
        database = root / "postgres"
        if database.is_symlink():  # to where the account of the database server could reach it
            shutil.rmtree(database.readlink(), ignore_errors=True)
        shutil.rmtree(root, ignore_errors=True)


@contextlib.contextmanager
def private_files() -> Iterator[None]:
    """What this process makes meanwhile only its owner may read; afterwards its files are made as before."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def write_private(path: Path, text: str) -> None:
    """Write the file as a whole or not at all; only its owner may read it."""
    draft = path.with_name(path.name + ".new")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(text.encode("utf-8", "surrogateescape"))
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The JSON object in the file; an empty one when there is no file. PlatformError when it holds something else."""
    try:
        return dict(json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError):
        raise PlatformError(f"{path} is damaged: take it from your copy") from None


def is_free(port: int) -> bool:
    """Whether a server could listen on that loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def is_alive(pid: str) -> bool:
    """Whether a process of that id exists."""
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
