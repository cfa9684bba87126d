"""A backup before tables change: where it lies, and that nothing changes without it."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from luotsi.backup import sealing
from luotsi.backup.making import make
from luotsi.backup.manifest import Manifest, finished, newest_before_upgrade, read_manifest
from luotsi.backup.settings import BackupSettings, backup_settings
from luotsi.backup.store import BackupStore, open_store
from luotsi.backup.verifying import verify_file
from luotsi.platform.data_dir import private_files, write_private
from luotsi.platform.migrating import Standing, standing
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target, find_target
from shared.services import service_names
from shared.version import VERSION

FOLDER: Final = "before-upgrade"
_IDENTITY: Final = "identity.txt"
_KEPT: Final = 3
"""How many lie in a folder of this machine, where nothing else takes them away"""
_HOW: Final = (
    "set BACKUP_TARGET to a directory, or go without a backup: `luotsi migrate --no-backup`, MIGRATE_BACKUP=false"
)


@dataclass(frozen=True)
class Place:
    """Where the backups before upgrades lie. `identity` opens them; None where only its keeper has it."""

    store: BackupStore
    identity: Path | None


async def standings(target: Target, services: Sequence[str]) -> list[Standing]:
    """How far the tables of these services are."""
    return [await standing(target, service) for service in services]


def back_up_before_changes(target: Target, services: Sequence[str]) -> str | None:
    """Back up all there is, where tables of these services are about to change; returns where it lies, in words.

    None where nothing changes. PlatformError where no backup can be made: then nothing may be changed.
    """
    if not any(each.will_change for each in asyncio.run(standings(target, services))):
        return None
    there = asyncio.run(standings(target, service_names()))
    with private_files():
        try:
            place, for_whom = _new_place(target)
            manifest = _make(target, place.store, for_whom, [each.service for each in there if each.at is not None])
        except OSError as error:
            raise PlatformError(f"no backup before the tables change ({error}): {_HOW}") from None
        if place.identity is not None:
            _prune(place.store)
    return f"{manifest.name} in {place.store.shown}"


def place_before_upgrades(target: Target, *, identity: Path | None) -> Place:
    """Where to look for them: among all backups where an identity is named, else on this machine."""
    settings = backup_settings(target.environment)
    if identity is not None:
        return Place(open_store(settings), identity)
    folder = _folder(target, settings)
    if folder is None or not (folder / _IDENTITY).is_file():
        raise PlatformError(
            "no backup lies on this machine that it could open itself: name the identity of BACKUP_RECIPIENTS, as in "
            "`luotsi restore before-upgrade --identity FILE`"
        )
    return Place(_store_in(folder), folder / _IDENTITY)


def newest(store: BackupStore) -> Manifest:
    """The newest backup that was made before an upgrade. PlatformError when there is none."""
    name = newest_before_upgrade(store, finished(store))
    if name is None:
        raise PlatformError(f"no backup in {store.shown} was made before an upgrade")
    return read_manifest(store, name)


def _new_place(target: Target) -> tuple[Place, list[Any]]:
    """Where the next one goes, and who may open it: those who may open backups, else this machine."""
    settings = backup_settings(target.environment)
    if settings.backup_recipients and settings.backup_target:
        return Place(open_store(settings), None), sealing.recipients(settings.backup_recipients)
    folder = _folder(target, settings)
    if folder is None:
        raise PlatformError(f"no backup can be made before the tables change: {_HOW}")
    folder.mkdir(mode=0o700, exist_ok=True)
    if not (folder / _IDENTITY).is_file():
        write_private(folder / _IDENTITY, sealing.new_identity()[0])
    keys = sealing.identities(folder / _IDENTITY)
    return Place(_store_in(folder), folder / _IDENTITY), [key.to_public() for key in keys]


def _folder(target: Target, settings: BackupSettings) -> Path | None:
    """On this machine: below the directory of backups, else that of the platform."""
    if settings.backup_target.startswith("s3://"):
        return None
    if settings.backup_target:
        return Path(settings.backup_target) / FOLDER
    return target.data / FOLDER if target.data.is_dir() else None


def _store_in(folder: Path) -> BackupStore:
    return open_store(BackupSettings(backup_target=str(folder)))


def _make(target: Target, store: BackupStore, for_whom: list[Any], services: list[str]) -> Manifest:
    manifest = asyncio.run(make(target, store, for_whom, services=services, before_version=VERSION))
    for service in services:
        verify_file(store, manifest, service)
    return manifest


def _prune(store: BackupStore) -> None:
    for name in finished(store)[:-_KEPT]:
        files = sorted(store.sizes(f"backups/{name}"), key=lambda path: not path.endswith("manifest.json"))
        store.delete(*files)


def main() -> None:
    """Be the one-shot process of `luotsi up`: the argument is its directory, the environment names the databases."""
    try:
        made = back_up_before_changes(find_target(Path(sys.argv[1])), service_names())
        print(f"backed up before anything changes: {made}")
    except PlatformError as error:
        sys.exit(f"back-up: {error}")


__all__ = ["FOLDER", "Place", "back_up_before_changes", "main", "newest", "place_before_upgrades", "standings"]
