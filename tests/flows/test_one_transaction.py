"""A change and what it brings about are one transaction: PostgreSQL itself says which one wrote a row (`xmin`)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from tests.builders import small_town
from tests.flows.catalog_kuopio import kuopio
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.platform import Platform
from tests.referring import JSON, at_work, new_referral, problem, sent_referral

REFERRALS = """
SELECT outbox.type, outbox.xmin::text, referrals.xmin::text, timeline.xmin::text
FROM outbox JOIN timeline USING (event_id) JOIN referrals ON referrals.id = timeline.referral_id
WHERE outbox.id = (SELECT max(id) FROM outbox)
"""
SERVICES = """
SELECT outbox.type, outbox.xmin::text, services.xmin::text
FROM outbox JOIN services ON services.id::text = subject WHERE outbox.id = (SELECT max(id) FROM outbox)
"""
DELIVERIES = """
SELECT outbox.type, outbox.xmin::text, deliveries.xmin::text
FROM outbox JOIN deliveries ON deliveries.id::text = subject WHERE outbox.id = (SELECT max(id) FROM outbox)
"""
NOTICES = "SELECT event_type, notices.xmin::text, inbox.xmin::text FROM notices JOIN inbox USING (event_id)"


async def rows(platform: Platform, service: str, query: str) -> list[Any]:
    async with platform.databases[service].transaction() as tx:
        return list((await tx.execute(text(query))).all())


async def written_together(platform: Platform, service: str, query: str) -> str:
    """The type of the newest event, when all that the query names was written by one transaction."""
    [(event_type, *transactions)] = await rows(platform, service, query)
    assert len(set(transactions)) == 1, f"{event_type} was written by transactions {transactions}"
    return str(event_type)


async def test_an_event_of_a_referral_is_recorded_by_the_transaction_of_its_change(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    draft = (await adviser.refer(new_referral(town, send=False))).json()
    assert await written_together(platform, "referral", REFERRALS) == "referral.created.v1"
    steps: list[tuple[str, Callable[[], Awaitable[Any]]]] = [
        ("sent", lambda: adviser.done("send", draft)),
        ("first_viewed", lambda: desk.read(draft["id"])),
        ("assigned", lambda: _as_seen(desk, draft, "assign", {"member_id": str(town.desk.id)})),
        ("accepted", lambda: _as_seen(desk, draft, "accept")),
        ("message_sent", lambda: adviser.client.post(f"/referrals/{draft['id']}/messages", json={"text": "Monday?"})),
        ("completed", lambda: _as_seen(desk, draft, "complete", {"outcome": {"code": "services_received"}})),
        ("closed", lambda: _as_seen(adviser, draft, "close")),
    ]
    for name, step in steps:
        await step()
        assert await written_together(platform, "referral", REFERRALS) == f"referral.{name}.v1"


async def _as_seen(desk: Any, referral: JSON, command: str, body: JSON | None = None) -> None:
    await desk.done(command, await desk.read(referral["id"]), body)


async def test_an_event_of_the_catalogue_is_recorded_by_the_transaction_of_its_change(platform: Platform) -> None:
    town = await kuopio(platform)
    [service, *_] = (await town.read("/services"))["contents"]
    room = {"status": "waitlist", "available": None}
    answer = await town.change("PUT", f"/services/{service['id']}/capacity", room)
    assert answer.status_code == 200, answer.text
    assert await written_together(platform, "catalog", SERVICES) == "catalog.service_changed.v1"


async def test_notices_are_made_by_the_transaction_that_notes_their_event(platform: Platform) -> None:
    await sent_referral(platform, await small_town(platform))
    await platform.settle()
    found = await rows(platform, "notifications", NOTICES)
    assert found
    assert [event for event, notice, inbox in found if notice != inbox] == []


async def test_an_event_of_a_mail_is_recorded_by_the_transaction_of_its_delivery(platform: Platform) -> None:
    await sent_referral(platform, await small_town(platform))
    await platform.settle()
    async with MailServer() as server:
        await delivery_queue(platform, Clock(), server).step()
    assert await written_together(platform, "notifications", DELIVERIES) == "notification.delivered.v1"


async def test_a_key_is_used_up_by_nothing_but_what_it_stands_for(platform: Platform) -> None:
    """Its claim goes with all else when the request fails after it, however late."""
    town = await small_town(platform)
    adviser, key = at_work(platform, town.adviser), str(uuid4())
    refused = await adviser.refer(new_referral(town, service_id=str(uuid4())), key)
    problem(refused, 422, "unknown-service")
    assert await rows(platform, "referral", "SELECT key FROM idempotency_keys") == []
    assert (await adviser.refer(new_referral(town), key)).status_code == 201


async def test_a_command_waits_for_whoever_has_the_referral_in_hand(platform: Platform) -> None:
    """It decides on what the other has made of it, not on what there was when it came."""
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    referral = await desk.read((await sent_referral(platform, town))["id"])
    async with platform.owners["referral"].transaction() as other:
        await other.execute(text("UPDATE referrals SET version = version + 1"))
        answering = asyncio.create_task(desk.give("accept", referral))
        while not await _somebody_waits(platform):
            assert not answering.done(), answering.result().text
            await asyncio.sleep(0.02)
    problem(await answering, 412, "stale-version")
    assert (await desk.read(referral["id"]))["status"] == "requested"


async def _somebody_waits(platform: Platform) -> bool:
    [(waiting,)] = await rows(platform, "referral", "SELECT count(*) FROM pg_locks WHERE NOT granted")
    return bool(waiting)
