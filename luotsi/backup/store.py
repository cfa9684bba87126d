"""Where backups lie: a directory, or a bucket that is spoken to as S3."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from obstore.exceptions import BaseError
from obstore.store import LocalStore, ObjectStore, S3Store

from luotsi.backup.settings import BackupSettings
from luotsi.platform.process import PlatformError

_CHUNK: Final = 1 << 20
_HINTS: Final = {
    "Permission denied": ". The directory has to belong to the user that makes backups, which is 10001 in containers",
    "Read-only file system": ". The directory has to be writable",
    "No space left": ". Make room there, or name another directory",
}
T = TypeVar("T")


class BackupStore:
    """Files by name below one target. What cannot be reached is a PlatformError that names the target."""

    def __init__(self, store: ObjectStore, shown: str, folder: Path | None = None) -> None:
        self._store = store
        self._folder = folder
        self.shown = shown

    def put(self, name: str, content: bytes | Path) -> None:
        """Write a file as a whole; one of the same name is replaced."""
        self._reached(lambda: self._store.put(name, content))
        if self._folder is not None:  # a bucket answers when it is safe; a disk has to be asked
            _sync(self._folder / name)

    def read(self, name: str) -> bytes | None:
        """The content of a small file; None when there is none."""
        return self._reached(lambda: self._found(name))

    def stream(self, name: str) -> Iterator[bytes]:
        """The content of a file, a piece at a time. FileNotFoundError when there is none."""
        got = self._reached(lambda: self._store.get(name))
        pieces = iter(got.stream(min_chunk_size=_CHUNK))
        while (piece := self._reached(lambda: next(pieces, None))) is not None:
            yield bytes(piece)

    def sizes(self, prefix: str) -> dict[str, int]:
        """The names of all files below `prefix`, with their sizes."""
        listed = self._reached(lambda: [entry for page in self._store.list(f"{prefix}/") for entry in page])
        return {entry["path"]: entry["size"] for entry in listed}

    def delete(self, *names: str) -> None:
        """Remove files; what is not there is passed over."""
        for name in names:
            try:
                self._reached(lambda name=name: self._store.delete(name))  # type: ignore[misc]
            except FileNotFoundError:
                continue

    def _found(self, name: str) -> bytes | None:
        try:
            return bytes(self._store.get(name).bytes())
        except FileNotFoundError:
            return None

    def _reached(self, ask: Callable[[], T]) -> T:
        try:
            return ask()
        except FileNotFoundError:
            raise
        except (BaseError, OSError) as error:
            reason = str(error).partition("\n")[0]
            hint = next((what for sign, what in _HINTS.items() if sign in reason), "")
            raise PlatformError(f"the backups in {self.shown} cannot be reached: {reason}{hint}") from None


def open_store(settings: BackupSettings) -> BackupStore:
    """The target that the settings name. PlatformError when there is none, or it is none that can be."""
    target = settings.backup_target
    if not target:
        raise PlatformError("BACKUP_TARGET is not set: name a directory, or s3://bucket/prefix")
    if target.startswith("s3://"):
        return BackupStore(_bucket(settings), target)
    if "://" in target:
        raise PlatformError(f"BACKUP_TARGET {target} is neither a directory nor s3://bucket/prefix")
    folder = Path(target)
    if not folder.is_dir():
        raise PlatformError(f"BACKUP_TARGET {target} is no directory: make it, for those alone who make backups")
    return BackupStore(LocalStore(folder, automatic_cleanup=True), target, folder)


def _bucket(settings: BackupSettings) -> S3Store:
    parts = urlsplit(settings.backup_target)
    if not (settings.backup_bucket_access_key and settings.backup_bucket_secret_key.get_secret_value()):
        raise PlatformError("BACKUP_BUCKET_ACCESS_KEY and BACKUP_BUCKET_SECRET_KEY are needed for BACKUP_TARGET s3://…")
    endpoint = {"endpoint": settings.backup_bucket_endpoint} if settings.backup_bucket_endpoint else {}
    return S3Store(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        region=settings.backup_bucket_region,
        access_key_id=settings.backup_bucket_access_key,
        secret_access_key=settings.backup_bucket_secret_key.get_secret_value(),
        client_options={"allow_http": settings.backup_bucket_endpoint.startswith("http://"), "timeout": "60s"},
        retry_config={"max_retries": 3, "retry_timeout": timedelta(seconds=60)},
        **endpoint,  # type: ignore[arg-type]
    )


def _sync(path: Path) -> None:
    for each in (path, path.parent):
        handle = os.open(each, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
