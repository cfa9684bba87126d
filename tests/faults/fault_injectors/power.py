"""The power goes: whatever a server wrote and did not sync is gone, and every process with it.

Databases and append-only file lie on file systems of their own, on block devices in memory. Such a file system can be
shut down as by a cut: of what it holds in its cache nothing reaches the device any more. Then it is mounted anew.
"""

import asyncio
import contextlib
import fcntl
import os
import random
import signal
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Final

from luotsi.embedded.account import reachable, server_account
from tests.faults.lab import Lab

SIZES: Final = {"valkey": "112m", "postgres": "544m"}
"""Folder of the data directory → the size of its device, of which the file system's own log takes 8 MB."""
_DEVICES: Final = "devices"
_SHUT_DOWN: Final = 0x8004587D
_KEEP_NOTHING: Final = 2
"""`EXT4_IOC_SHUTDOWN`, and to do so without writing even the file system's own log."""
_PATIENCE: Final = 30.0


@contextmanager
def devices(root: Path) -> Iterator[bool]:
    """File systems that can lose their power, where the caller may mount some; yields whether there are any."""
    account = server_account()
    if account is None or not reachable(root, account):
        yield False
        return
    with ExitStack() as stack:
        (root / _DEVICES).mkdir(mode=0o700)
        mounted = _mount("-t", "tmpfs", "-o", "size=700m,mode=0700", "tmpfs", str(root / _DEVICES))
        if mounted:
            stack.callback(_unmount, root / _DEVICES)
        for name in SIZES if mounted else ():
            folder = root / name
            folder.mkdir(mode=0o700)
            mounted = mounted and _make(_device_of(folder)) and _attach(folder)
            if mounted:
                stack.callback(_unmount, folder)
        if not mounted:  # some without the others are of no use
            stack.close()
            for name in SIZES:
                with contextlib.suppress(FileNotFoundError):
                    (root / name).rmdir()
        yield mounted


async def cut_power(lab: Lab, lot: random.Random) -> None:
    """What was not synced is gone; every process of the platform is; then all of it starts again."""
    servers = {"postgres": lab.data.postgres, "valkey": lab.data.valkey}
    for name, folder in servers.items():
        lab.hands.before_start[name] = partial(_come_back, folder)
    for folder in servers.values():
        _lose(folder)
    services = [name for name, spec in lab.hands.specs.items() if spec.argv[-1].startswith("services.")]
    for name in (*servers, *services):
        lab.hands.signal(name, signal.SIGKILL)
    await asyncio.sleep(0.5)
    await lab.settled_servers()


def _lose(folder: Path) -> None:
    directory = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(directory, _SHUT_DOWN, struct.pack("I", _KEEP_NOTHING))
    finally:
        os.close(directory)


def _come_back(folder: Path) -> None:
    """Mount what has reached the device. Raises TimeoutError where something still holds the former file system."""
    deadline = time.monotonic() + _PATIENCE
    while os.path.ismount(folder):
        for process in _at_work_in(folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        if subprocess.run(["umount", str(folder)], capture_output=True, check=False).returncode:
            if time.monotonic() > deadline:
                raise TimeoutError(f"something still holds {folder}")
            time.sleep(0.05)
    if not _attach(folder):
        raise RuntimeError(f"{folder} could not be mounted again")


def _at_work_in(folder: Path) -> Iterator[int]:
    """Processes whose working directory it is: those of a server, which may outlive their parent for a moment."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder):
                yield int(entry.name)


def _device_of(folder: Path) -> Path:
    return folder.parent / _DEVICES / folder.name


def _make(device: Path) -> bool:
    with device.open("wb") as file:
        file.truncate(int(SIZES[device.name].removesuffix("m")) << 20)
    # No room kept back for root, and none taken by what starts in the background.
    options = ["-q", "-F", "-b", "4096", "-m", "0", "-J", "size=8", "-E", "lazy_itable_init=0,nodiscard"]
    with contextlib.suppress(FileNotFoundError):
        return subprocess.run(["mkfs.ext4", *options, str(device)], capture_output=True, check=False).returncode == 0
    return False


def _attach(folder: Path) -> bool:
    return _mount("-t", "ext4", "-o", "loop,nodev,nosuid", str(_device_of(folder)), str(folder))


def _mount(*arguments: str) -> bool:
    return subprocess.run(["mount", *arguments], capture_output=True, check=False).returncode == 0


def _unmount(folder: Path) -> None:
    subprocess.run(["umount", "--lazy", str(folder)], check=False)
