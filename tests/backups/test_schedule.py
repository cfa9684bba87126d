"""Backups by themselves: when they are made, what is written each minute, and what happens when something is away."""

import logging
from datetime import datetime, time, timedelta

import pytest
from prometheus_client import REGISTRY

from luotsi.backup.manifest import finished
from luotsi.backup.schedule import Schedule, is_due
from luotsi.backup.settings import backup_settings
from shared.clock import KUOPIO
from tests.backups.backed_up import BackedUp, lose
from tests.builders import small_town
from tests.flows.operating import target

TWICE = (time(2), time(14))


def kuopio(day: int, hour: int, minute: int = 0) -> datetime:
    """A moment of December 2026."""
    return datetime(2026, 12, day, hour, minute, tzinfo=KUOPIO)


def test_a_backup_is_due_at_its_times_and_one_that_was_missed_is_made_up_for() -> None:
    assert is_due(kuopio(3, 9), None, TWICE), "the first is made at once"
    assert not is_due(kuopio(3, 9), kuopio(3, 2, 1), TWICE)
    assert is_due(kuopio(3, 14), kuopio(3, 2, 1), TWICE)
    assert is_due(kuopio(3, 1), kuopio(2, 2), TWICE)
    assert is_due(kuopio(9, 13), kuopio(3, 14), TWICE)
    assert not is_due(kuopio(3, 1), kuopio(2, 14, 1), TWICE)


async def test_it_makes_one_reads_it_again_and_writes_the_ledger_each_time(losable: BackedUp) -> None:
    platform = losable.platform
    await small_town(platform)
    now = kuopio(3, 9)
    settings = backup_settings(losable.settings | {"BACKUP_AT": "02:00,14:00"})
    schedule = Schedule(target(platform), losable.store, settings, lambda: now)
    assert await schedule.step()
    assert not await schedule.step()
    now = kuopio(3, 13)
    assert not await schedule.step()
    assert REGISTRY.get_sample_value("luotsi_backup_newest_timestamp_seconds") == kuopio(3, 9).timestamp()
    now = kuopio(3, 14, 1)
    assert await schedule.step()
    assert finished(losable.store) == ["2026-12-03T12-01-00Z"], "the newest of the day is kept"
    position = losable.store.read("ledger/position.json")
    assert position is not None
    assert b"2026-12-03T14:01" in position
    for what in ("newest", "ledger"):
        assert REGISTRY.get_sample_value(f"luotsi_backup_{what}_timestamp_seconds") == now.timestamp()


async def test_what_fails_is_logged_and_tried_again(losable: BackedUp, caplog: pytest.LogCaptureFixture) -> None:
    platform = losable.platform
    await small_town(platform)
    now = kuopio(3, 9)
    schedule = Schedule(target(platform), losable.store, backup_settings(losable.settings), lambda: now)
    await lose(platform, "portal", "catalog")
    with caplog.at_level(logging.ERROR):
        assert not await schedule.step()
    said = " ".join(record.getMessage() for record in caplog.records)
    assert "the ledger waits for the database of catalog" in said
    assert "no backup was made, and it is tried again: the database" in said
    assert "is empty: there is nothing to back up yet" in said
    assert finished(losable.store) == []
    assert schedule.well, "not for long yet"
    now += timedelta(minutes=4)
    assert not await schedule.step(), "not before five minutes have gone"
    now += timedelta(minutes=7)
    assert not schedule.well
    await losable.mend()
    assert await schedule.step()
    assert schedule.well
