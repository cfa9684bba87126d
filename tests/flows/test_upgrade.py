"""An upgrade in place: what version 0.1.0 wrote into its databases is read, gone on with and published by this version.

`tests/upgrade/0.1.0/` holds the three databases of that version as SQL, made through its own HTTP interface with the
keys of the tests; the last event in it was not published, and the last mail not sent.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import asyncpg
import pytest_asyncio
from alembic import command
from sqlalchemy import text

from luotsi.embedded.servers import start_servers
from services.catalog.domain.names import sort_keys
from services.catalog.use_cases.seed import seed_into
from services.referral.tables import Member
from shared.database.migrations import alembic_config, upgrade
from shared.services import service_names
from tests.builders import Someone
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, JSON, Desk, at_work, problem

DATA: Final = Path(__file__).resolve().parents[1] / "upgrade" / "0.1.0"
SCHEMAS: Final = {"catalog": "0004", "referral": "0009", "notifications": "0001"}
"""The newest migration of each service that there was in version 0.1.0."""

NOTED: Final[dict[str, Any]] = json.loads((DATA / "ids.json").read_text("utf-8"))
FIRST, CHILD = NOTED["referrals"]["first"], NOTED["referrals"]["child"]


async def load(owner_url: str, service: str) -> None:
    """Bring a database to the schema of version 0.1.0, with its rows."""
    connection = await asyncpg.connect(owner_url)
    await connection.execute((DATA / f"{service}.sql").read_text("utf-8"))
    await connection.close()


@pytest_asyncio.fixture(scope="module")
async def upgraded(tmp_path_factory: Any) -> AsyncIterator[Platform]:
    """This version on the databases of version 0.1.0."""
    with start_servers(tmp_path_factory.mktemp("old"), durable=False) as servers:
        for service in service_names():
            if service in SCHEMAS:
                config = alembic_config(service, servers.owner_urls[service])
                config.attributes["role"] = service
                await asyncio.to_thread(command.upgrade, config, SCHEMAS[service])  # it runs a loop of its own
                await load(servers.owner_urls[service], service)
            await asyncio.to_thread(upgrade, service, servers.owner_urls[service])
        platform = Platform(servers, tmp_path_factory.mktemp("platform"))
        await platform.settle()
        yield platform
        await platform.close()


async def somebody(platform: Platform, email: str) -> Someone:
    """A seeded member, as the referral service's copy of version 0.1.0 has it."""
    async with platform.databases["referral"].transaction() as tx:
        row = await tx.get_one(Member, UUID(NOTED["people"][email]))
    return Someone(row.id, row.organization_id, row.email, tuple(row.roles))  # type: ignore[arg-type]


async def desk(platform: Platform, email: str) -> Desk:
    return at_work(platform, await somebody(platform, email))


async def test_what_was_sealed_opens_and_nothing_is_missing(upgraded: Platform) -> None:
    adviser = await desk(upgraded, "adviser@navigaattori.example")
    first = await adviser.read(FIRST)
    assert (first["client"]["name"], first["client"]["phone"]) == (CLIENT["name"], "+358 40 7654321")
    assert (first["reason"], first["private_note"]) == ("bakery plan, wants advice", "owes the landlord")
    assert [link["id"] for link in first["chain"]] == [FIRST, CHILD]
    messages = (await adviser.client.get(f"/referrals/{FIRST}/messages")).json()["contents"]
    assert [message["text"] for message in messages] == ["welcome on Monday", "needs a ramp"]
    told = (await adviser.client.get(f"/referrals/{FIRST}/timeline")).json()["contents"]
    assert any(item["told"] for item in told), "the proof of notices is there"
    completed = await adviser.read(NOTED["referrals"]["completed"])
    assert completed["outcome"] == {"code": "enrolled", "text": "begins in spring"}
    found = (await adviser.client.post("/clients/search", json={"phone": "0407654321"})).json()["contents"]
    assert first["client"]["id"] in [client["id"] for client in found], "by hashes of version 0.1.0"


async def test_clients_are_found_by_todays_rules_once_a_worker_has_started(upgraded: Platform) -> None:
    adviser = await desk(upgraded, "adviser@navigaattori.example")
    known = (await adviser.read(FIRST))["client"]["id"]
    await upgraded.deadline_scheduler().adopt()
    for sought in (
        {"name": "asiakas ESIMERKKI"},
        {"name": "Esi-merkki Asia\u200bkas"},
        {"phone": "tel:+358-(0)40-765 4321"},
        {"email": "mailto:Client@mail.example"},
    ):
        found = (await adviser.client.post("/clients/search", json=sought)).json()["contents"]
        assert known in [client["id"] for client in found], sought
    left = "SELECT count(*) FROM clients WHERE lookups_form = 0 AND erased_at IS NULL"
    assert await upgraded.scalar("referral", left) == 0


async def test_a_repeated_request_gets_the_answer_of_then(upgraded: Platform) -> None:
    adviser = await desk(upgraded, "adviser@navigaattori.example")
    request: JSON = {
        "service_id": NOTED["services"]["business"],
        "client": CLIENT,
        "reason": "bakery plan, wants advice",
        "shareable_note": "mornings only",
        "private_note": "owes the landlord",
        "urgency": "routine",
        "legal_basis": CONSENT,
    }
    again = await adviser.refer(request, key="first-key")
    assert (again.status_code, again.json()["id"]) == (201, FIRST)
    problem(await adviser.refer({**request, "urgency": "urgent"}, key="first-key"), 422, "idempotency-key-reused")


async def test_what_was_under_way_goes_on(upgraded: Platform) -> None:
    adviser = await desk(upgraded, "adviser@navigaattori.example")
    business = await desk(upgraded, "desk@businesskuopio.example")
    hub = await desk(upgraded, "desk@talenthub.example")
    waiting = await business.read(NOTED["referrals"]["waiting"])
    started = await business.done("start", await business.done("accept", waiting))
    assert started["client"]["name"] == "Esimerkki Oy"
    child = await hub.done("accept", await hub.read(CHILD))
    await hub.done("complete", child, {"outcome": {"code": "enrolled"}})
    draft = await adviser.read(NOTED["referrals"]["draft"])
    sent = await adviser.done("send", draft)
    assert sent["status"] == "requested"
    declined = await adviser.read(NOTED["referrals"]["declined"])
    followed = await adviser.give("send-suggested", declined, {"legal_basis": CONSENT})
    assert followed.status_code == 201, followed.text


async def test_what_was_not_published_and_not_sent_goes_out(upgraded: Platform) -> None:
    await upgraded.settle()
    assert await upgraded.scalar("referral", "SELECT count(*) FROM outbox WHERE published_at IS NULL") == 0
    notices = "SELECT count(*) FROM notices WHERE referral_id = :id"
    assert await upgraded.scalar("notifications", notices, id=UUID(NOTED["referrals"]["unpublished"])) >= 1
    business = await somebody(upgraded, "desk@businesskuopio.example")
    inbox = (await upgraded.client("notifications", business).get("/notices")).json()["contents"]
    assert NOTED["referrals"]["unpublished"] in [notice["referral_id"] for notice in inbox]


async def test_names_of_then_are_sorted_as_those_of_now(upgraded: Platform) -> None:
    for table in ("organizations", "services"):
        async with upgraded.databases["catalog"].transaction() as tx:
            rows = (await tx.execute(text(f"SELECT name, sort_keys FROM {table}"))).all()
        assert len(rows) > 5
        assert [row.sort_keys for row in rows] == [sort_keys(row.name) for row in rows]


async def test_what_was_entered_then_is_found_by_the_search_of_now(upgraded: Platform) -> None:
    catalogue = upgraded.client("catalog")
    for path, query, wanted in (
        ("/services", "perustaminen", "business-advice"),
        ("/services", "volonteering", "volunteering"),
        ("/organizations", "ely-keskus", "ita-suomen-elinvoimakeskus"),
    ):
        found = (await catalogue.get(path, params={"query": query})).json()["contents"]
        assert wanted in [each["slug"] for each in found], query


async def test_services_that_never_had_keywords_get_those_of_the_data_file(upgraded: Platform) -> None:
    services = await upgraded.scalar("catalog", "SELECT count(*) FROM services")
    async with upgraded.databases["catalog"].transaction() as tx:
        report = await seed_into(tx)
    assert (report.services, report.filled) == (0, services)
    found = (await upgraded.client("catalog").get("/services?query=koodari")).json()["contents"]
    assert "digital-skills-contacts" in [each["slug"] for each in found]
    await upgraded.settle()
    sequence = "SELECT min(sequence) FROM services"
    assert await upgraded.scalar("referral", sequence) >= 2, "the others heard of it"


async def test_messages_of_older_versions_wait_for_the_side_that_did_not_write_them(upgraded: Platform) -> None:
    to_themselves = """SELECT count(*) FROM messages JOIN referrals ON referrals.id = referral_id
        WHERE to_organization_id
        <> CASE side WHEN 'source' THEN target_organization_id ELSE source_organization_id END"""
    assert await upgraded.scalar("referral", "SELECT count(*) FROM messages") > 0
    assert await upgraded.scalar("referral", to_themselves) == 0
