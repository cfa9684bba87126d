"""Rebuilding copies: they become what they were, and nobody is told anything."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from luotsi.cli import app
from luotsi.embedded.servers import Servers
from luotsi.platform import rebuilding
from luotsi.platform.copies import COPIES, chosen
from luotsi.platform.process import PlatformError
from luotsi.platform.rebuilding import PORTION, Rebuilt, rebuild
from shared.services import publishers, service_names
from tests.builders import Town, small_town
from tests.flows.operating import target
from tests.flows.test_service_statistics import publisher
from tests.packing import pack_all
from tests.platform import Platform
from tests.referring import at_work, sent_referral

SPOILT = {"organizations": "slug = 'nowhere'", "service_facts": "facts = '{}'"}
KEPT = ("notices", "deliveries", "preferences", "counters", "outbox", "inbox")


async def rows(platform: Platform, service: str, table: str) -> list[Any]:
    """Everything in a table, in an order of its own."""
    async with platform.databases[service].transaction() as tx:
        found = await tx.execute(text(f"SELECT to_jsonb(t) AS row FROM {table} t ORDER BY to_jsonb(t)::text"))
        return list(found.scalars())


async def copies(platform: Platform) -> dict[str, list[Any]]:
    """What every copy holds."""
    return {name: await rows(platform, *name.split(".")) for name in COPIES}


async def a_busy_town(platform: Platform) -> Town:
    """A town in which a referral was sent, told of, seen, and in which a member has chosen how to be told."""
    town = await small_town(platform)
    await town.facts.organization("kompassi", organization_id=town.kompassi, email="desk@kompassi.example")
    await sent_referral(platform, town)
    await platform.settle()
    async with platform.client("notifications", town.desk) as desk:
        (notice,) = (await desk.get("/notices")).json()["contents"]
        assert (await desk.post(f"/notices/{notice['id']}/seen")).status_code == 200
        assert (await desk.put("/preferences", json={"email": False, "language": "sv"})).status_code == 200
    await publisher(platform).step()
    await platform.settle()
    return town


async def ruin(platform: Platform) -> None:
    """Spoil every copy: rows gone, rows changed, a row that nobody told of."""
    for name in COPIES:
        service, table = name.split(".")
        async with platform.owners[service].transaction() as tx:
            some = f"(SELECT id FROM {table} ORDER BY id LIMIT 1)"
            spoilt = SPOILT.get(table, "organization_id = id")
            await tx.execute(text(f"UPDATE {table} SET {spoilt}"))
            await tx.execute(text(f"DELETE FROM {table} WHERE id IN {some}"))


@pytest.mark.parametrize("portion", [1, 2, PORTION])
async def test_every_copy_becomes_what_it_was_and_nobody_is_told(platform: Platform, portion: int) -> None:
    await a_busy_town(platform)
    before = await copies(platform)
    kept = {table: await rows(platform, "notifications", table) for table in KEPT}
    entries = {service: len(await platform.published(service)) for service in service_names()}
    assert all(before.values())
    await ruin(platform)
    assert all(held != before[name] for name, held in (await copies(platform)).items())

    for name in COPIES:
        done = await rebuild(target(platform), name, portion=portion)
        assert done.whole
        assert done.rows == done.mended == len(before[name])
    assert await copies(platform) == before
    await platform.settle()
    assert {table: await rows(platform, "notifications", table) for table in KEPT} == kept
    assert {service: len(await platform.published(service)) for service in service_names()} == entries
    assert await copies(platform) == before


@pytest.mark.parametrize("portion", [1, PORTION])
async def test_a_copy_is_made_of_what_is_at_rest_too(platform: Platform, portion: int) -> None:
    await a_busy_town(platform)
    before = await copies(platform)
    for service in publishers():
        assert await pack_all(platform.databases[service]) > 0
    await ruin(platform)
    for name in COPIES:
        await rebuild(target(platform), name, portion=portion)
    assert await copies(platform) == before


class BrokenOff(Exception):
    """What ends a rebuild between two portions."""


def break_off_after(portions: int, told: list[Rebuilt]) -> Callable[[Rebuilt], None]:
    """Notes how far a rebuild is, and ends it after so many portions."""

    def say(done: Rebuilt) -> None:
        told.append(done)
        if len(told) == portions:
            raise BrokenOff

    return say


async def test_one_that_is_broken_off_goes_on_where_it_was(platform: Platform) -> None:
    await a_busy_town(platform)
    before = await copies(platform)
    await ruin(platform)
    name, told = "referral.members", list[Rebuilt]()
    rows_there = len(before[name])
    assert rows_there > 3
    with pytest.raises(BrokenOff):
        await rebuild(target(platform), name, portion=1, say=break_off_after(2, told))
    half = (await copies(platform))[name]
    assert half != before[name]
    assert [row in half for row in before[name]] == [True, True] + [False] * (rows_there - 2)

    with pytest.raises(BrokenOff):
        await rebuild(target(platform), name, portion=1, say=break_off_after(3, told))
    assert [done.rows for done in told] == [1, 2, 3]
    done = await rebuild(target(platform), name, portion=1)
    assert (done.rows, done.mended) == (rows_there, rows_there)
    assert (await copies(platform))[name] == before[name]
    assert (await rebuild(target(platform), name)).mended == 0, "a whole one leaves nothing to go on with"


async def test_one_may_be_begun_anew_and_is_when_it_was_broken_off_days_ago(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    await a_busy_town(platform)
    before = await copies(platform)
    name = "referral.members"
    for later in (False, True):
        with pytest.raises(BrokenOff):
            await rebuild(target(platform), name, portion=1, say=break_off_after(2, []))
        await ruin(platform)
        if later:
            monkeypatch.setattr(rebuilding, "_GOES_ON_SECONDS", 0.0)
        done = await rebuild(target(platform), name, portion=1, anew=not later)
        assert done.rows == done.mended == len(before[name])
        assert (await copies(platform))[name] == before[name]
        await rebuild(target(platform), name)


async def test_what_a_consumer_hears_between_two_portions_stays(platform: Platform) -> None:
    town = await a_busy_town(platform)
    name = "referral.members"
    with pytest.raises(BrokenOff):
        await rebuild(target(platform), name, portion=1, say=break_off_after(1, []))
    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    newcomer = await town.facts.member("newcomer@navigaattori.example", town.navigaattori, "adviser")
    await platform.settle()
    heard = (await copies(platform))[name]
    assert any(row["id"] == str(newcomer.id) for row in heard)
    assert (await rebuild(target(platform), name, portion=1)).mended == 0
    assert (await copies(platform))[name] == heard


async def test_a_row_that_nobody_told_of_goes(platform: Platform) -> None:
    await a_busy_town(platform)
    before = await copies(platform)
    others = "organization_id, email, language, roles, active, epoch, sequence"
    async with platform.owners["referral"].transaction() as tx:
        for row_id in ("00000000-0000-7000-8000-000000000000", "ffffffff-ffff-7fff-bfff-ffffffffffff"):
            added = f"INSERT INTO members (id, {others}) SELECT '{row_id}', {others} FROM members LIMIT 1"
            await tx.execute(text(added))
    assert (await rebuild(target(platform), "referral.members", portion=2)).mended == 2
    assert await copies(platform) == before


async def test_a_copy_that_is_right_stays_as_it_is(platform: Platform) -> None:
    await a_busy_town(platform)
    for name in COPIES:
        assert (await rebuild(target(platform), name)).mended == 0


async def test_what_was_told_and_not_yet_heard_is_left_to_the_consumer(platform: Platform) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    await platform.settle()
    await town.facts.deactivate(town.adviser, deputy=town.colleague)
    for name in ("referral.members", "notifications.members"):
        assert (await rebuild(target(platform), name)).mended == 0
    await platform.settle()
    read = await at_work(platform, town.colleague).client.get("/referrals")
    (referral,) = read.json()["contents"]
    assert [told["type"] for told in await platform.published("referral")][-1] == "referral.handed_over.v1"
    assert referral["status"] == "requested"


async def test_what_waits_for_another_fact_is_not_done_ahead_of_it(platform: Platform) -> None:
    town = await small_town(platform)
    unknown = await town.facts.member("new@navigaattori.example", town.navigaattori, "adviser")
    await platform.settle()
    async with platform.databases["referral"].transaction() as tx:
        await tx.execute(text("DELETE FROM members WHERE id = :id"), {"id": unknown.id})
    await town.facts.deactivate(town.adviser, deputy=unknown)
    await platform.settle()
    assert await platform.scalar("referral", "SELECT count(*) FROM parked") == 1
    await rebuild(target(platform), "referral.members")
    active = "SELECT active FROM members WHERE id = :id"
    assert await platform.scalar("referral", active, id=town.adviser.id) is True
    assert await platform.scalar("referral", active, id=unknown.id) is True


def test_a_copy_that_does_not_exist_is_refused_with_the_list_of_those_that_do() -> None:
    with pytest.raises(PlatformError, match=r"referral\.members"):
        chosen("referral.referrals", everything=False)
    with pytest.raises(PlatformError, match="--all"):
        chosen(None, everything=False)
    assert chosen(None, everything=True) == list(COPIES)


def test_the_command_says_what_it_rebuilt(servers: Servers, tmp_path: Path) -> None:
    urls = {f"{service.upper()}_DATABASE_URL": servers.database_urls[service] for service in service_names()}
    refused = CliRunner().invoke(app, ["rebuild", "referral.deliveries", "--data", str(tmp_path)], env=urls)
    assert "set REFERRAL_OWNER_DATABASE_URL" in str(refused.exception), "proofs are only its owner's to drop"
    urls |= {f"{service.upper()}_OWNER_DATABASE_URL": servers.owner_urls[service] for service in service_names()}
    done = CliRunner().invoke(app, ["rebuild", "--all", "--data", str(tmp_path)], env=urls)
    assert done.exit_code == 0, done.output
    said = re.findall(r"^([a-z_.]+): \d+ rows, (?:all as they were|\d+ mended)$", done.stdout, re.M)
    assert said == list(COPIES)
