"""What `luotsi doctor` says of backups, by what lies where they go."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from luotsi.backup.manifest import Manifest, new_name, path_of, write_manifest
from luotsi.backup.settings import backup_settings
from luotsi.backup.store import open_store
from luotsi.commands.doctor import examine
from luotsi.doctor.backups import backups
from luotsi.doctor.finding import Finding
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.clock import utc_now


async def found(environment: dict[str, str], **platform: Any) -> Finding:
    [finding] = await backups(Target(Path("/nowhere"), environment, platform))
    return finding


def put(folder: Path, ago: timedelta, *, whole: bool = True) -> None:
    """A backup of that age; one that is not whole was broken off."""
    store, name = open_store(backup_settings({"BACKUP_TARGET": str(folder)})), new_name(utc_now() - ago)
    store.put(path_of(name, "catalog.dump.age"), b"sealed")
    if whole:
        write_manifest(store, Manifest(name=name, databases={}))


@pytest.mark.parametrize(("hours", "well"), [(1, True), (25, True), (27, False)])
async def test_the_newest_backup_is_to_be_of_the_last_day(tmp_path: Path, hours: int, well: bool) -> None:
    put(tmp_path, timedelta(hours=hours))
    put(tmp_path, timedelta(days=9))
    finding = await found({"BACKUP_TARGET": str(tmp_path), "BACKUP_RECIPIENTS": "age1x"})
    assert finding.well is well
    assert finding.note.startswith("the newest was made ")


async def test_what_was_broken_off_is_no_backup(tmp_path: Path) -> None:
    put(tmp_path, timedelta(hours=1), whole=False)
    finding = await found({}, backups=str(tmp_path))
    assert (finding.well, finding.note) == (False, f"none is finished in {tmp_path}")


async def test_a_place_that_is_gone_is_said(tmp_path: Path) -> None:
    with pytest.raises(PlatformError, match="is no directory"):
        await found({"BACKUP_TARGET": str(tmp_path / "gone"), "BACKUP_RECIPIENTS": "age1x"})


@pytest.mark.parametrize("environment", [{}, {"BACKUP_TARGET": "/nowhere"}])
async def test_where_nobody_set_backups_up_nothing_is_missed(environment: dict[str, str]) -> None:
    finding = await found(environment)
    assert finding.well
    assert finding.note.startswith("none are made")


async def test_a_bucket_without_its_account_is_named_and_not_judged() -> None:
    finding = await found({"BACKUP_TARGET": "s3://there/below", "BACKUP_RECIPIENTS": "age1x"})
    assert finding.well
    assert "s3://there/below" in finding.note


async def test_doctor_looks_at_them(tmp_path: Path) -> None:
    environment = {"BACKUP_TARGET": str(tmp_path / "gone"), "BACKUP_RECIPIENTS": "age1x"}
    findings = await examine(Target(tmp_path, environment, {}))
    [finding] = [finding for finding in findings if finding.piece == "backups"]
    assert not finding.well
