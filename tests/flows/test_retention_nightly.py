"""Retention by itself: once a night, one at a time, missed nights made up for, and never unasked at first."""

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import PlatformError
from luotsi.platform.process_specs import Addresses, retention
from luotsi.retention.lines import AnotherRun, retain
from luotsi.retention.nightly import Nightly
from luotsi.retention.registers import PERIODS, read_periods
from luotsi.retention.schedule import is_due, is_on, last_night
from services.referral.tables import FinishedRetention
from shared.services import service_names
from tests.builders import small_town
from tests.flows.notifications_mailing import Clock
from tests.flows.operating import luotsi, target
from tests.flows.test_retention import age
from tests.platform import Platform
from tests.referring import CLIENT, at_work, new_referral

RUNS = "SELECT count(*) FROM retention_runs"


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).astimezone(UTC)


@pytest.mark.parametrize(
    ("now", "night"),
    [
        ("2026-11-23T02:30:00+02:00", "2026-11-23T02:30:00+02:00"),
        ("2026-11-23T02:29:59+02:00", "2026-11-22T02:30:00+02:00"),
        ("2026-11-23T23:59:00+02:00", "2026-11-23T02:30:00+02:00"),
        ("2026-07-01T12:00:00+03:00", "2026-07-01T02:30:00+03:00"),
        ("2026-03-29T12:00:00+03:00", "2026-03-29T02:30:00+02:00"),  # the clocks go forward at three
        ("2026-10-25T12:00:00+02:00", "2026-10-25T02:30:00+03:00"),  # and back at four
    ],
)
def test_a_night_begins_at_half_past_two_in_kuopio(now: str, night: str) -> None:
    assert last_night(at(now)) == at(night)


@pytest.mark.parametrize(
    ("last", "due"),
    [
        ("2026-11-23T02:31:00+02:00", False),
        ("2026-11-22T02:31:00+02:00", True),
        ("2026-10-01T02:31:00+03:00", True),
        (None, False),
    ],
)
def test_a_night_that_was_missed_is_made_up_for_and_a_first_one_waited_for(last: str | None, due: bool) -> None:
    now = at("2026-11-23T12:00:00+02:00")
    assert is_due(now, at(last) if last else None, watched_from=now) is due


def test_what_was_watched_through_the_night_runs_for_the_first_time() -> None:
    assert is_due(at("2026-11-23T02:30:01+02:00"), None, watched_from=at("2026-11-22T18:00:00+02:00"))


@pytest.mark.parametrize(
    ("written", "on"), [(None, True), ("", True), ("true", True), ("false", False), ("False", False)]
)
def test_it_is_on_unless_it_is_told_otherwise(written: str | None, on: bool) -> None:
    assert is_on({} if written is None else {"RETENTION": written}) is on


def test_any_other_word_is_refused() -> None:
    with pytest.raises(PlatformError, match="RETENTION has to be true or false"):
        is_on({"RETENTION": "nightly"})


def test_a_file_of_periods_is_found_from_where_the_platform_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("RETENTION_FILE", "own.yaml")
    urls = {name: f"postgresql://{name}" for name in service_names()}
    spec = retention(DataDir(tmp_path), Addresses(8000, urls, urls, urls))
    assert spec.env["RETENTION_FILE"] == str(tmp_path / "own.yaml")
    assert {"MASTER_KEY", "AUDIT_KEY", "CATALOG_OWNER_DATABASE_URL"} <= spec.env.keys()


async def test_it_runs_once_a_night_and_logs_numbers_only(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    town = await small_town(platform)
    await at_work(platform, town.adviser).refer(new_referral(town, send=False))
    await age(platform, 91)
    clock = Clock()
    nightly = Nightly(target(platform), read_periods(PERIODS), clock)
    assert not await nightly.step()
    assert REGISTRY.get_sample_value("luotsi_retention_last_run_timestamp_seconds") == clock().timestamp(), (
        "none is missing yet"
    )
    assert await platform.scalar("referral", "SELECT status FROM referrals") == "draft"
    clock.forward(timedelta(days=1))
    with caplog.at_level(logging.INFO):
        assert await nightly.step()
    assert await platform.scalar("referral", "SELECT status FROM referrals") == "cancelled"
    [said] = [record.message for record in caplog.records if "retention" in record.message]
    assert said == "retention took away: drafts 1, answers 1"
    assert CLIENT["name"] not in caplog.text
    assert REGISTRY.get_sample_value("luotsi_retention_last_run_timestamp_seconds") == clock().timestamp()
    assert not await nightly.step()


async def test_nights_that_were_missed_are_made_up_for_at_the_start(platform: Platform) -> None:
    await small_town(platform)
    now = datetime.now(UTC)
    earlier = FinishedRetention(started_at=now - timedelta(days=3), ended_at=now - timedelta(days=3), removed={})
    async with platform.databases["referral"].transaction() as tx:
        tx.insert(earlier)
    assert await Nightly(target(platform), read_periods(PERIODS)).step()
    assert await platform.scalar("referral", RUNS) == 2
    assert not await Nightly(target(platform), read_periods(PERIODS)).step()


async def test_of_several_one_runs(platform: Platform) -> None:
    await small_town(platform)
    clock = Clock()
    several = [Nightly(target(platform), read_periods(PERIODS), clock) for _ in range(3)]
    clock.forward(timedelta(days=1))
    async with platform.owners["referral"].transaction() as tx:
        held = "SELECT pg_try_advisory_xact_lock(hashtextextended('retention', 0))"
        assert (await tx.execute(text(held))).scalar_one()
        assert not any(await asyncio.gather(*(each.step() for each in several))), "another run is at it"
        with pytest.raises(AnotherRun):
            await retain(target(platform), read_periods(PERIODS), run=True)
        by_hand: Any = await asyncio.to_thread(luotsi, platform, "retention")
        assert by_hand.exit_code == 0, "looking is always possible"
    assert await platform.scalar("referral", RUNS) == 0
    assert await several[0].step()
    clock.forward(timedelta(days=1))  # each has seen that the night before was dealt with
    assert await several[1].step()
    assert await platform.scalar("referral", RUNS) == 2
