"""What a backup consists of. The manifest is written last: a backup without one was never finished."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from luotsi.backup.store import BackupStore
from luotsi.platform.process import PlatformError

FOLDER: Final = "backups"
FORMAT: Final = 1
_NAME: Final = "%Y-%m-%dT%H-%M-%SZ"
_NAMES: Final = re.compile(rf"^{FOLDER}/(\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\dZ)/(.+)$")


class DatabasePart(BaseModel):
    """One database of a backup, as of `taken_at`.

    `newest_event` is how far its log of events had come, `epoch` what its events were written in, and `schema_revision`
    its newest migration. `master_keys` are the ids of the master keys that wrap clients' keys in it.
    """

    model_config = ConfigDict(frozen=True)

    file: str
    bytes: int
    sha256: str
    taken_at: datetime
    newest_event: int | None
    epoch: int
    schema_revision: str
    master_keys: tuple[str, ...] = ()


class Manifest(BaseModel):
    """A whole backup. It holds nothing personal and no secret, and is readable to whoever makes backups."""

    model_config = ConfigDict(frozen=True)

    format: Literal[1] = 1
    name: str
    before_version: str | None = None
    """Of which version the tables were about to become; None for a backup that was made for no upgrade"""
    databases: dict[str, DatabasePart]

    @property
    def taken_at(self) -> datetime:
        """The moment of which the first of its databases is."""
        return min(part.taken_at for part in self.databases.values())


class Incomplete(Exception):
    """The backup has no manifest: it is being made, or was broken off."""


def new_name(moment: datetime) -> str:
    """What a backup of that moment is called."""
    return moment.astimezone(UTC).strftime(_NAME)


def moment_of(name: str) -> datetime:
    """When the backup of that name was made."""
    return datetime.strptime(name, _NAME).replace(tzinfo=UTC)


def path_of(name: str, file: str) -> str:
    """Where a file of a backup lies in its target."""
    return f"{FOLDER}/{name}/{file}"


def write_manifest(store: BackupStore, manifest: Manifest) -> None:
    """Finish a backup."""
    store.put(path_of(manifest.name, "manifest.json"), (manifest.model_dump_json(indent=2) + "\n").encode())


def read_manifest(store: BackupStore, name: str) -> Manifest:
    """The manifest of a backup. Raises Incomplete, and PlatformError for one that cannot be used."""
    written = store.read(path_of(name, "manifest.json"))
    if written is None:
        raise Incomplete(name)
    try:
        return Manifest.model_validate_json(written)
    except ValidationError as error:
        if any(fault["loc"] == ("format",) for fault in error.errors(include_url=False)):
            raise PlatformError(
                f"the backup {name} was made by a newer version of Luotsi: install that one, then restore"
            ) from None
        raise PlatformError(f"the manifest of the backup {name} is damaged: take an earlier backup") from None


def names(store: BackupStore) -> list[str]:
    """The names of all backups, finished or not, oldest first."""
    found = {match[1] for path in store.sizes(FOLDER) if (match := _NAMES.match(path))}
    return sorted(found)


def finished(store: BackupStore) -> list[str]:
    """The names of the backups that are finished, oldest first."""
    listed = store.sizes(FOLDER)
    return [name for name in names(store) if path_of(name, "manifest.json") in listed]


def newest_before_upgrade(store: BackupStore, whole: Sequence[str]) -> str | None:
    """The newest of these backups that was made before tables were changed; None where none was."""
    for name in reversed(whole):
        with suppress(PlatformError):  # one that is damaged is for those to tell who want it
            if read_manifest(store, name).before_version:
                return name
    return None


def choose(store: BackupStore, wanted: str) -> Manifest:
    """The manifest of the backup of that name, `latest` being the newest finished one. PlatformError without it."""
    there = finished(store)
    if wanted == "latest":
        if not there:
            raise PlatformError(f"there is no finished backup in {store.shown}")
        return read_manifest(store, there[-1])
    if wanted in names(store) and wanted not in there:
        raise PlatformError(f"the backup {wanted} is half a set: it was broken off. Take another one of {store.shown}")
    if wanted not in there:
        raise PlatformError(f"there is no backup {wanted} in {store.shown}; `luotsi backup list` names those there are")
    return read_manifest(store, wanted)
