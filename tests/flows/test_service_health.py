"""Administrators of the platform see how each service is doing: what waits, what is dead, and that mail fails."""

import time
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from luotsi.embedded.servers import Server
from services.referral.vault import Unreadable, Vault
from shared.services import apis, dead_stream
from tests.builders import Someone, Town, small_town
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.flows.notifications_story import Story
from tests.platform import Platform
from tests.referring import JSON, problem, sent_referral


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


@pytest.fixture
async def seeded(platform: Platform) -> Kuopio:
    """The seeded catalogue, of which all services have heard."""
    found = await kuopio(platform)
    await platform.settle()
    return found


@pytest.fixture
def admin(seeded: Kuopio) -> Someone:
    """An administrator of the platform."""
    return seeded.people["admin@luotsi.example"]


async def health(platform: Platform, admin: Someone, service: str) -> JSON:
    """What a service says of itself."""
    answer = await platform.client(service, admin).get("/health")
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


def unwell(found: JSON) -> list[tuple[str, str | None]]:
    """The pieces that are not well."""
    return [(each["piece"], each["what"]) for each in found["findings"] if not each["well"]]


async def change(platform: Platform, service: str, sql: str) -> None:
    async with platform.owners[service].engine.begin() as connection:
        await connection.exec_driver_sql(sql)


async def test_each_service_says_what_it_is_and_that_all_is_well(platform: Platform, admin: Someone) -> None:
    for service in apis():
        await platform.settle()
        found = await health(platform, admin, service)
        assert found["service"] == service
        assert found["version"] == platform.apps[service].version
        assert set(found["servers"]) == {"postgresql", "redis"}
        assert all(any(character.isdigit() for character in version) for version in found["servers"].values())
        assert found["dependencies"]["keys"] == "up"
        assert (found["outbox"]["number"], found["parked"]["number"]) == (0, 0)
        assert {each["stream"]: (each["lag"], each["missing"]) for each in found["streams"]}
        assert unwell(found) == []


async def test_what_stands_still_is_found(platform: Platform, town: Town, admin: Someone) -> None:
    await sent_referral(platform, town)
    older = "UPDATE outbox SET published_at = NULL, recorded_at = now() - interval '75 seconds'"
    await change(platform, "referral", older)
    parked = (
        "INSERT INTO parked (event_id, waits_for, payload, parked_at) VALUES (gen_random_uuid(), 'member:1', '{}', "
    )
    await change(platform, "referral", parked + "now() - interval '2 hours')")
    await change(platform, "referral", "UPDATE timers SET due_at = now() - interval '1 hour' WHERE fired_at IS NULL")
    await change(platform, "referral", "UPDATE disclosures SET at = now() - interval '3 days'")
    found = await health(platform, admin, "referral")
    assert unwell(found) == [("outbox", None), ("parked", None), ("timers", None), ("seals", None)]
    assert found["seals"]["number"] == 3
    assert found["parked"]["waits_for"] == "member:1"
    assert found["outbox"]["oldest_seconds"] >= 75


async def test_what_nobody_reads_or_could_handle_is_found(platform: Platform, town: Town, admin: Someone) -> None:
    await platform.redis.xadd("referral.events", {"__data__": "{}"}, id=f"{int(1000 * (time.time() + 1))}-0")
    await platform.redis.xadd(dead_stream("referral.events", "catalog"), {"__data__": "{}"})
    found = await health(platform, admin, "catalog")
    [stream] = found["streams"]
    assert (stream["stream"], stream["lag"], stream["dead_letters"]) == ("referral.events", 1, 1)
    assert unwell(found) == [("stream", "referral.events")]
    await platform.redis.flushall()
    [stream] = (await health(platform, admin, "catalog"))["streams"]
    assert stream["missing"]


async def test_mail_that_was_given_up_is_found(platform: Platform, town: Town, admin: Someone) -> None:
    assert (await health(platform, admin, "notifications"))["mail"]["given_up"] == 0
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    given_up = (
        "UPDATE deliveries SET status = 'exhausted', attempts = 9, next_attempt_at = NULL, last_error = '550 no' "
        "WHERE channel = 'email'"
    )
    await change(platform, "notifications", given_up)
    found = await health(platform, admin, "notifications")
    assert (found["mail"]["given_up"] > 0, found["mail"]["last_error"]) == (True, "550 (refused for good)")
    assert ("mail", None) in unwell(found)


async def test_keys_that_open_nothing_are_found(
    platform: Platform, town: Town, admin: Someone, monkeypatch: pytest.MonkeyPatch
) -> None:
    def opens_nothing(*_: object) -> bytes:
        raise Unreadable

    await sent_referral(platform, town)
    assert ("keys", None) not in unwell(await health(platform, admin, "referral"))
    monkeypatch.setattr(Vault, "unwrap", opens_nothing)
    assert ("keys", None) in unwell(await health(platform, admin, "referral"))


async def test_with_redis_away_the_database_is_told_of(
    platform: Platform, admin: Someone, mortal_valkey: Server
) -> None:
    mortal_valkey.kill()
    found = await health(platform, admin, "referral")
    assert (found["streams"], found["dependencies"]["redis"]) == ([], "down")
    assert ("dependency", "redis") in unwell(found)
    assert found["outbox"] is not None


async def test_it_is_for_administrators_of_the_platform(platform: Platform, seeded: Kuopio) -> None:
    boss, luotsi = await seeded.enter_admin("uef"), seeded.people["admin@luotsi.example"]
    new = {"organization_id": str(luotsi.organization_id), "email": "one@luotsi.example", "roles": ["coordinator"]}
    helper = (await seeded.admin.post("/members", json=new)).json()
    await platform.settle()
    others = [seeded.people[each] for each in (boss, "coordinator@kuopio.example", "adviser@navigaattori.example")]
    others.append(Someone(UUID(helper["id"]), luotsi.organization_id, helper["email"], ("admin", "coordinator")))
    for service in apis():
        problem(await platform.client(service).get("/health"), 401, "unauthenticated")
        for who in others:
            problem(await platform.client(service, who).get("/health"), 403, "forbidden")


async def test_it_says_nothing_of_anybody(platform: Platform, town: Town, admin: Someone) -> None:
    sent = await sent_referral(platform, town)
    await platform.settle()
    said: list[Any] = [str(await health(platform, admin, service)) for service in apis()]
    async with platform.databases["referral"].transaction() as tx:
        ids = (await tx.execute(text("SELECT id, client_id, reference FROM referrals"))).one()
    for each in (*ids, sent["service"]["id"]):
        assert not [one for one in said if str(each) in one]
