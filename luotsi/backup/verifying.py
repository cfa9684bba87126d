"""Verifying a backup: is it whole, is each file as it was written, and does it open and read to its end."""

import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from threading import Thread
from typing import IO, Any

from luotsi.backup import postgres_tools, sealing
from luotsi.backup.manifest import Manifest, path_of
from luotsi.backup.store import BackupStore
from luotsi.platform.process import PlatformError
from shared.services import service_names


def verify_whole(store: BackupStore, manifest: Manifest) -> None:
    """Read all files, and compare each with what the manifest says. It takes no identity. PlatformError for a fault."""
    if missing := set(service_names()) - manifest.databases.keys():
        raise PlatformError(f"the backup {manifest.name} is half a set: it has no {', '.join(sorted(missing))}")
    there = store.sizes(f"backups/{manifest.name}")
    for service, part in manifest.databases.items():
        path = path_of(manifest.name, part.file)
        if path not in there:
            raise PlatformError(f"the backup {manifest.name} is half a set: {path} is gone. Take another backup")
        verify_file(store, manifest, service)


def verify_file(store: BackupStore, manifest: Manifest, service: str) -> None:
    """Compare one file with what the manifest says. PlatformError for a fault."""
    part = manifest.databases[service]
    path = path_of(manifest.name, part.file)
    digest, length = sha256(), 0
    try:
        for piece in store.stream(path):
            digest.update(piece)
            length += len(piece)
    except FileNotFoundError:
        raise PlatformError(f"the backup {manifest.name} is half a set: {path} is gone. Take another backup") from None
    if (length, digest.hexdigest()) != (part.bytes, part.sha256):
        raise PlatformError(f"{path} is damaged: it is not what was written. Take another backup")


def verify_readable(store: BackupStore, manifest: Manifest, service: str, keys: Sequence[Any]) -> int:
    """Open a file, and have pg_restore read it to its end; returns how many bytes of SQL are in it.

    PlatformError for one that does not open.
    """
    count = 0
    for piece in as_sql(store.stream(path_of(manifest.name, manifest.databases[service].file)), keys):
        count += len(piece)
    return count


def as_sql(sealed: Iterable[bytes], keys: Sequence[Any]) -> Iterator[bytes]:
    """A sealed dump as SQL, piece by piece; nothing of it lies on a disk. PlatformError, at the end, if it was damaged.

    So whoever uses what comes has to wait for the end before it may count.
    """
    with tempfile.TemporaryFile() as said:
        reading = postgres_tools.start(
            "pg_restore",
            "--file=-",
            "--no-owner",
            "--no-privileges",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=said,
        )
        assert reading.stdin is not None
        assert reading.stdout is not None
        faults: list[BaseException] = []
        feeding = Thread(target=_feed, args=(sealed, reading.stdin, keys, faults), daemon=True)
        feeding.start()
        try:
            while piece := reading.stdout.read(1 << 20):
                yield piece
            feeding.join()
            ended = reading.wait()
            if faults and not isinstance(faults[0], BrokenPipeError):
                raise _told(faults[0])
            if ended != 0 or faults:
                raise PlatformError(f"pg_restore cannot read the dump: {postgres_tools.complaint(said)}")
        finally:
            reading.kill()
            reading.wait()
            reading.stdout.close()
            feeding.join()


def _feed(sealed: Iterable[bytes], into: IO[bytes], keys: Sequence[Any], faults: list[BaseException]) -> None:
    try:
        with into:
            sealing.open_sealed(sealed, into, keys)
    except BaseException as error:
        faults.append(error)


def _told(fault: BaseException) -> BaseException:
    if isinstance(fault, sealing.Damaged):
        return PlatformError("the dump is damaged: it does not open to its end. Take another backup")
    return fault


__all__ = ["as_sql", "verify_file", "verify_readable", "verify_whole"]
