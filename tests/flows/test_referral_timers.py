"""Timers as rows: any number of workers, an outage of a month, a death between taking and committing, the next best."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text

from services.referral.jobs.deadline_scheduler import DeadlineScheduler
from shared.database.connections import Database
from shared.database.outages import is_outage
from shared.events.catalog import Closure
from shared.publishing.outbox import Outbox
from tests.builders import Town, small_town
from tests.flows.notifications_story import told
from tests.moved_clock import at, fired, wait_until
from tests.platform import Platform
from tests.referring import JSON, at_work, sent_referral


async def several(platform: Platform, town: Town, count: int) -> list[JSON]:
    """Referrals sent on a Monday morning."""
    platform.clock.set(at("2027-01-11 10:00"))
    return [await sent_referral(platform, town) for _ in range(count)]


def another_worker(platform: Platform) -> tuple[DeadlineScheduler, Database]:
    """A deadline scheduler with connections of its own, as another process has."""
    database = Database(platform.servers.database_urls["referral"], pool_size=2)
    return DeadlineScheduler(database, Outbox("referral"), platform.vault, platform.clock), database


async def run_out(deadline_scheduler: DeadlineScheduler) -> int:
    """Let fire until nothing is due that nobody has in hand; how many were taken."""
    taken = 0
    while await deadline_scheduler.step():
        taken += 1
    return taken


async def test_two_workers_at_once_tell_each_thing_exactly_once(platform: Platform) -> None:
    town = await small_town(platform)
    referrals = await several(platform, town, 12)
    workers = [another_worker(platform) for _ in range(3)]
    try:
        for moment in ("2027-01-12 10:00", "2027-01-13 10:00", "2027-01-15 10:00", "2027-01-25 10:00"):
            platform.clock.set(at(moment))
            taken = await asyncio.gather(*(run_out(deadline_scheduler) for deadline_scheduler, _ in workers))
            assert sum(taken) >= len(referrals)
    finally:
        for _, database in workers:
            await database.close()
    for referral in referrals:
        assert await fired(platform, referral["id"]) == ["due_soon", "overdue", "overdue_again", "expired"]
    await platform.settle()
    assert len((await told(platform, town.adviser))["adviser@navigaattori.example"]) == len(referrals)


async def test_a_platform_that_was_down_for_a_month_catches_up_without_a_burst(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    expired, accepted, late = await several(platform, town, 3)
    await desk.done("accept", await desk.read(accepted["id"]))
    await wait_until(platform, "2027-02-12 10:00")
    assert await fired(platform, expired["id"]) == ["expired"]
    assert await fired(platform, late["id"]) == ["expired"]
    assert await fired(platform, accepted["id"]) == ["no_news"], "not started is overtaken by no news"
    await platform.fire_due()
    await wait_until(platform, "2027-02-12 18:00")
    assert await fired(platform) == ["expired", "expired", "no_news"]


async def test_of_two_reminders_that_are_due_the_later_one_is_told(platform: Platform) -> None:
    town = await small_town(platform)
    (referral,) = await several(platform, town, 1)
    await wait_until(platform, "2027-01-14 10:00")
    assert await fired(platform, referral["id"]) == ["overdue"]
    await wait_until(platform, "2027-01-15 10:00")
    assert await fired(platform, referral["id"]) == ["overdue", "overdue_again"]


async def test_the_longest_due_comes_first(platform: Platform) -> None:
    town = await small_town(platform)
    (later,) = await several(platform, town, 1)
    platform.clock.set(at("2027-01-11 09:00"))
    sooner = await sent_referral(platform, town)
    platform.clock.set(at("2027-01-12 12:00"))
    deadline_scheduler = platform.deadline_scheduler()
    assert await deadline_scheduler.step()
    assert await fired(platform, sooner["id"]) == ["due_soon"]
    assert await fired(platform, later["id"]) == []


async def test_a_worker_killed_between_taking_and_committing_leaves_it_to_be_taken_again(platform: Platform) -> None:
    town = await small_town(platform)
    (referral,) = await several(platform, town, 1)
    platform.clock.set(at("2027-01-12 10:00"))
    doomed, database = another_worker(platform)
    try:
        async with platform.databases["referral"].transaction() as hold:
            await hold.execute(text("LOCK TABLE outbox IN EXCLUSIVE MODE"))  # it comes as far as telling
            dying = asyncio.create_task(doomed.step())
            victim = await _waiting_backend(platform)
            assert not await platform.deadline_scheduler().step(), "it is in hand, and nobody waits for it"
            await hold.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": victim})
            with pytest.raises(Exception) as death:  # noqa: PT011 - whatever it is, it has to be an outage
                await dying
            assert is_outage(death.value)
    finally:
        await database.close()
    assert await fired(platform, referral["id"]) == []
    assert await run_out(platform.deadline_scheduler()) == 1
    assert await fired(platform, referral["id"]) == ["due_soon"]


async def _waiting_backend(platform: Platform) -> int:
    """The process of the database that waits for the lock on the outbox."""
    query = "SELECT pid FROM pg_locks WHERE NOT granted AND relation = 'outbox'::regclass"
    while True:
        pid = await platform.scalar("referral", query)
        if pid is not None:
            return int(pid)
        await asyncio.sleep(0.02)


async def test_a_referral_in_somebodys_hands_is_left_until_they_are_done(platform: Platform) -> None:
    town = await small_town(platform)
    one, other = await several(platform, town, 2)
    platform.clock.set(at("2027-01-12 10:00"))
    async with platform.databases["referral"].transaction() as tx:
        await tx.execute(text("SELECT 1 FROM referrals WHERE id = :id FOR UPDATE"), {"id": one["id"]})
        assert await run_out(platform.deadline_scheduler()) == 1
        assert await fired(platform) == await fired(platform, other["id"]) == ["due_soon"]
    assert await run_out(platform.deadline_scheduler()) == 1
    assert await fired(platform, one["id"]) == ["due_soon"]


async def test_a_referral_on_which_the_scheduler_fails_holds_up_no_other(platform: Platform) -> None:
    town = await small_town(platform)
    broken, sound = await several(platform, town, 2)
    async with platform.databases["referral"].transaction() as tx:
        closure = '[{"starts_on": "nonsense", "ends_on": "2027-01-01"}]'
        spoilt = "UPDATE organizations SET closures = CAST(:closure AS jsonb) WHERE id = :id"
        await tx.execute(text(spoilt), {"closure": closure, "id": town.kompassi})
        moved = "UPDATE referrals SET target_organization_id = :target WHERE id = :id"
        await tx.execute(text(moved), {"target": town.kompassi, "id": broken["id"]})
    platform.clock.set(at("2027-01-12 10:00"))
    deadline_scheduler = platform.deadline_scheduler()
    assert await run_out(deadline_scheduler) == 2
    assert await fired(platform) == await fired(platform, sound["id"]) == ["due_soon"]


async def test_what_was_sent_before_there_were_clocks_gets_them(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    waiting, accepted = await several(platform, town, 2)
    await desk.done("accept", await desk.read(accepted["id"]))
    async with platform.databases["referral"].transaction() as tx:
        await tx.execute(text("DELETE FROM timers"))
        await tx.execute(text("UPDATE referrals SET response_days = NULL, expiry_days = NULL, respond_by = NULL"))
    await platform.deadline_scheduler().adopt()
    assert (await desk.read(waiting["id"]))["respond_by"] == waiting["respond_by"]
    kinds = "SELECT string_agg(kind, ' ' ORDER BY kind) FROM timers WHERE referral_id = :id"
    assert await platform.scalar("referral", kinds, id=accepted["id"]) == "no_news not_started"
    assert await platform.scalar("referral", kinds, id=waiting["id"]) == "due_soon expire overdue overdue_again"


async def test_a_row_that_has_fallen_behind_the_facts_moves_and_tells_nothing(platform: Platform) -> None:
    """A copy of the catalogue that was made anew has closures that no event was handled for."""
    town = await small_town(platform)
    (referral,) = await several(platform, town, 1)
    async with platform.databases["referral"].transaction() as tx:
        closure = '[{"starts_on": "2027-01-12", "ends_on": "2027-01-12"}]'
        await tx.execute(text("UPDATE organizations SET closures = CAST(:c AS jsonb)"), {"c": closure})
    await wait_until(platform, "2027-01-12 10:00")
    assert await fired(platform) == []
    await wait_until(platform, "2027-01-13 10:00")
    assert await fired(platform, referral["id"]) == ["due_soon"]


async def test_an_expired_referral_offers_the_next_best_services_to_its_source(platform: Platform) -> None:
    town = await small_town(platform)
    facts = town.facts
    groups = ("entrepreneurs", "newcomers")
    await facts.service("advice-for-starting-a-business", town.business, service_id=town.advice, target_groups=groups)

    async def offer(slug: str, organization: str, *, desk: bool = True, closed: bool = False, **more: Any) -> str:
        closures = (Closure.model_validate({"starts_on": "2027-01-20", "ends_on": "2027-03-01"}),) if closed else ()
        owner = await facts.organization(organization, closures=closures)
        if desk:
            await facts.member(f"desk@{organization}.example", owner, "recipient")
        fields: JSON = {"target_groups": ("newcomers",), **more}
        return str(await facts.service(slug, owner, **fields))

    same_groups = await offer("f-both-groups", "hub", target_groups=("newcomers", "entrepreneurs"))
    spoken = await offer("e-in-arabic", "ngos", languages=("fi", "ar"))
    for_all = await offer("d-for-everyone", "savonia", target_groups=("everyone",))
    await offer("a-no-desk", "vtt", desk=False)
    await offer("a-closed", "luke", closed=True)
    await offer("a-full", "kys", capacity="no-capacity")
    await offer("a-inactive", "uef", status="inactive")
    await offer("a-for-others", "fimea", target_groups=("researchers",))
    await facts.service("a-own", town.navigaattori, target_groups=("newcomers",))
    await facts.service("a-of-who-did-not-answer", town.business, target_groups=("newcomers", "entrepreneurs"))
    await platform.settle()

    (referral,) = await several(platform, town, 1)
    assert referral["next_best_services"] == []
    await wait_until(platform, "2027-01-25 10:00")
    expired = await at_work(platform, town.adviser).read(referral["id"])
    offered = expired["next_best_services"]
    assert [service["id"] for service in offered] == [same_groups, spoken, for_all]
    assert offered[1]["organization"]["name"]["en"] == "ngos (en)"
    assert (offered[1]["languages"], offered[1]["capacity"]) == (["fi", "ar"], "capacity")
    again = {"service_id": offered[0]["id"], "client_id": expired["client"]["id"]}
    sent_on = await sent_referral(platform, town, client=..., **again)
    assert sent_on["status"] == "requested"
