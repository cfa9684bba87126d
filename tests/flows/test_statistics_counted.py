"""Statistics of services: what the database counts is what a plain count over the same referrals gives, in portions."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import col, select

from services.referral.domain.lifecycle import Status
from services.referral.domain.publication import Answers, Published
from services.referral.domain.service_statistics import WINDOW, Statistics
from services.referral.jobs.answer_times import AnswerTimes
from services.referral.queries.service_statistics import unseen_statistics
from services.referral.tables import PublishedStatistics, Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.service_statistics import PORTION, count_statistics, publish_statistics
from shared.publishing.outbox import Outbox
from tests.builders import Town
from tests.flows.test_figures_counted import CLOSED, random_referral, town_closed_in_july
from tests.flows.test_service_statistics import EVENT, publisher
from tests.plain_statistics import Case, plain_statistics
from tests.platform import Platform
from tests.referring import sent_referral

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
UNTIL = NOW - timedelta(days=40)
"""When the figures of one service were published last."""
SECOND = timedelta(seconds=1)


@pytest.fixture
async def town(platform: Platform) -> Town:
    """The town of these tests."""
    return await town_closed_in_july(platform)


def work_of(platform: Platform, tx: Any) -> UnitOfWork:
    return UnitOfWork(tx, Outbox("referral"), platform.vault, NOW)


def on_the_edges(like: Referral, chance: Random, town: Town) -> Iterable[Referral]:
    """What just counts, and what just does not."""
    sent_at = NOW - WINDOW
    for values in (
        {"status": "completed", "sent_at": sent_at},
        {"status": "completed", "sent_at": sent_at - SECOND},
        {"status": "on-hold", "sent_at": sent_at - SECOND},
        {"status": "requested", "sent_at": sent_at - SECOND, "respond_by": NOW},
        {"status": "requested", "sent_at": sent_at, "respond_by": NOW - SECOND},
        {"status": "accepted", "accepted_at": UNTIL},
        {"status": "rejected", "declined_at": UNTIL + SECOND, "reason_code": "no_capacity"},
    ):
        row = random_referral(chance, like, town)
        for name, value in ({"accepted_at": None, "declined_at": None} | values).items():
            setattr(row, name, value)
        yield row


async def fill(platform: Platform, town: Town, seed: int) -> None:
    """Random referrals to two services, one of which was told of before; none to a third."""
    sent, chance = await sent_referral(platform, town), Random(seed)
    await town.facts.service("never-asked", town.business)
    await platform.settle()
    told = Published(answers=Answers(number=9, until=UNTIL, acceptance_rate=0.5, median_hours=6))
    async with platform.owners["referral"].transaction() as tx:
        like = await tx.get_one(Referral, UUID(sent["id"]))
        tx.insert(*(random_referral(chance, like, town) for _ in range(400)), *on_the_edges(like, chance, town))
        behind = told.model_dump(mode="json")
        tx.insert(PublishedStatistics(service_id=town.advice, sequence=1, digest=b"", told_at=UNTIL, behind=behind))


async def measure(platform: Platform) -> None:
    job = AnswerTimes(platform.databases["referral"], Outbox("referral"), platform.vault, platform.clock)
    while await job.step():
        pass


async def counted(platform: Platform) -> dict[UUID, Statistics]:
    async with platform.databases["referral"].transaction() as tx:
        return {each: exact async for each, exact in unseen_statistics(work_of(platform, tx))}


async def cases_of(platform: Platform) -> defaultdict[UUID, list[Case]]:
    """The referrals that were sent, by service."""
    found: defaultdict[UUID, list[Case]] = defaultdict(list)
    async with platform.owners["referral"].transaction() as tx:
        for row in await tx.all(select(Referral).where(col(Referral.sent_at).is_not(None))):
            times = row.accepted_at, row.declined_at, row.reason_code, row.respond_by
            assert row.sent_at
            found[row.service_id].append(Case(Status(row.status), row.sent_at, *times))
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_statistics_are_a_plain_count(platform: Platform, town: Town, seed: int) -> None:
    await fill(platform, town, seed)
    await measure(platform)
    cases, found = await cases_of(platform), await counted(platform)
    assert len(found) == await platform.scalar("referral", "SELECT count(*) FROM services")
    for service_id, exact in found.items():
        advice = service_id == town.advice
        closures, until = ([CLOSED], UNTIL) if advice else ([], None)
        plain = plain_statistics(cases[service_id], NOW, closures, until)
        assert replace(exact, median_hours_to_answer=None) == replace(plain, median_hours_to_answer=None)
        assert exact.median_hours_to_answer == pytest.approx(plain.median_hours_to_answer)
    assert found[town.advice].new_answers, "some were answered after the last publication"
    assert len(found[town.advice].declined) > 1
    assert Statistics(0, 0, 0, {}) in found.values(), "one that was never asked is there too"


async def test_a_service_with_an_answer_that_nobody_has_measured_waits(platform: Platform, town: Town) -> None:
    await fill(platform, town, 3)
    await measure(platform)
    unmeasure = "UPDATE referrals SET working_time_to_answer = NULL WHERE id = (SELECT id FROM referrals WHERE " + (
        "accepted_at IS NOT NULL AND service_id = :service AND sent_at > :since LIMIT 1)"
    )
    async with platform.owners["referral"].transaction() as tx:
        await tx.execute(text(unmeasure), {"service": town.guidance, "since": NOW - timedelta(days=90)})
    assert set(await counted(platform)).isdisjoint({town.guidance})
    await measure(platform)
    assert town.guidance in await counted(platform)


async def test_they_are_published_in_portions_and_a_round_that_broke_off_goes_on(
    platform: Platform, town: Town
) -> None:
    for number in range(2 * PORTION):
        await town.facts.service(f"service-{number}", town.business)
    await platform.settle()
    services = await platform.scalar("referral", "SELECT count(*) FROM services")
    now = platform.clock()
    async with platform.databases["referral"].transaction() as tx:
        portions = await count_statistics(UnitOfWork(tx, Outbox("referral"), platform.vault, now))
    assert [len(each) for each in portions] == [PORTION, PORTION, services - 2 * PORTION]
    for told in (PORTION, 0):
        async with platform.databases["referral"].transaction() as tx:
            work = UnitOfWork(tx, Outbox("referral"), platform.vault, now)
            assert await publish_statistics(work, portions[0]) == told, "another has looked at them meanwhile"
    assert await publisher(platform, platform.clock).step() == services - PORTION, "those that were left"
    assert await publisher(platform, platform.clock).step() == 0
    events = [event for event in await platform.published("referral") if event["type"] == EVENT]
    assert len({event["subject"] for event in events}) == len(events) == services
