"""Faults of disks: each of the three that the platform writes to is full, and has room again."""

import asyncio
import contextlib
import errno
import random
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg

from luotsi.embedded.account import reachable, server_account
from tests.faults.lab import Lab

SIZES = {"valkey": "96m", "mail": "2m", "postgres": "512m"}
"""Folder of the data directory → the size of the file system that is mounted there."""

_LOOKS = 300
"""How often to look for what must happen, five times a second: a busy machine takes a while to start a worker."""
_FULL = "SELECT count(*) FROM deliveries WHERE last_error LIKE '%No space left%'"


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A small file system at `folder`, where the caller may mount one; yields whether there is one."""
    account = server_account()
    if account is None or not reachable(folder.parent, account):
        yield False
        return
    folder.mkdir(mode=0o700)
    options = f"size={SIZES[folder.name]},mode=0700"
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(folder)], check=False)


@contextmanager
def filled(folder: Path) -> Iterator[None]:
    """The file system at `folder` is full to its last byte while the block runs."""
    filler = folder / "filler"
    try:
        with filler.open("wb", buffering=0) as file:
            for size in (1 << 20, 1 << 12, 1):
                with contextlib.suppress(OSError):
                    while True:
                        file.write(b"\0" * size)
        yield
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
    finally:
        filler.unlink(missing_ok=True)


async def fill_valkey_disk(lab: Lab, lot: random.Random) -> None:
    """The disk under the append-only file is full."""
    with filled(lab.data.valkey):
        await asyncio.sleep(4)
    await lab.settled_servers()


async def fill_postgres_disk(lab: Lab, lot: random.Random) -> None:
    """The disk under the databases is full: at first for what is to be added, then for the log of what is written."""
    with filled(lab.data.postgres):
        await asyncio.sleep(3)
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            admin = await asyncpg.connect(lab.superuser_url(), timeout=5)
            for _ in range(8):  # beyond the files of its log that it keeps in reserve
                await admin.execute("SELECT pg_logical_emit_message(false, 'rig', 'x')", timeout=5)
                await admin.execute("SELECT pg_switch_wal()", timeout=5)
            await admin.close()
        await asyncio.sleep(2)
    await lab.settled_servers()


async def fill_mail_disk(lab: Lab, lot: random.Random) -> None:
    """For a while mail is kept as files, as without a mail server; and then there is no room for one more."""
    await _restart_deliverer(lab, as_files=True)
    try:
        await _until_filed(lab)
        with filled(lab.data.mail):
            await _until_failed(lab)
    finally:
        await asyncio.sleep(3)  # with room again
        await _restart_deliverer(lab, as_files=False)
    await asyncio.sleep(1)
    collect_filed(lab)


def collect_filed(lab: Lab) -> None:
    """Take the finished mails out of the folder. What was begun and not finished stays where nobody looks for mail."""
    for file in lab.data.mail.glob("*.eml"):
        lab.filed[file.stem] = file.read_bytes()
        file.unlink()


async def _restart_deliverer(lab: Lab, *, as_files: bool) -> None:
    lab.hands.mail_as_files = as_files
    lab.hands.signal("notifications-worker", signal.SIGTERM)


async def _until_filed(lab: Lab) -> None:
    for _ in range(_LOOKS):
        if any(lab.data.mail.glob("*.eml")):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError("in vain waited for a mail as a file")


async def _until_failed(lab: Lab) -> None:
    for _ in range(_LOOKS):
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            if (await lab.query("notifications", _FULL))[0][0]:
                return
        await asyncio.sleep(0.2)
    raise TimeoutError("in vain waited for a mail that finds no room")
