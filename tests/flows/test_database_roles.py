"""Roles: each reaches its own database alone, and in it no more of a table than its service does to it."""

import asyncio

import asyncpg
import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import ProgrammingError

from luotsi.embedded.servers import Servers
from shared.database.migrations import upgrade
from tests.builders import small_town
from tests.flows.notifications_mailing import Clock, delivery_queue
from tests.flows.notifications_story import Story, count
from tests.platform import Platform
from tests.referring import sent_referral

SERVICES = ("portal", "catalog", "referral", "notifications")
ROLES = [role for service in SERVICES for role in (service, f"{service}_owner")]

ADDED_TO = {
    "portal": frozenset[str](),
    "catalog": frozenset[str](),
    "referral": frozenset({"timeline", "deliveries", "disclosures", "audit_seals", "audit_cuts", "retention_runs"}),
    "notifications": frozenset[str](),
}
"""What a service may read and add to, and neither change nor remove."""

CHANGED = {
    ("notifications", "notices"): {"seen_at", "passed_on_at"},
    ("notifications", "deliveries"): {
        *("status", "attempts", "next_attempt_at", "last_error", "message_id", "reader", "delivered_at", "bounced_at"),
        "version",
    },
}
"""What it may change in tables of which it may remove nothing."""


def address(servers: Servers, role: str, database: str) -> str:
    service = role.removesuffix("_owner")
    urls = servers.owner_urls if role.endswith("_owner") else servers.database_urls
    return make_url(urls[service]).set(database=database).render_as_string(hide_password=False)


async def databases(servers: Servers) -> list[str]:
    connection = await asyncpg.connect(servers.postgres_admin_url)
    found = await connection.fetch("SELECT datname FROM pg_database WHERE datallowconn ORDER BY datname")
    await connection.close()
    return [row["datname"] for row in found]


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_connects_to_its_own_database_alone(servers: Servers, role: str) -> None:
    reached = []
    for database in await databases(servers):
        try:
            connection = await asyncpg.connect(address(servers, role, database))
        except asyncpg.InsufficientPrivilegeError:
            continue
        reached.append(database)
        await connection.close()
    assert {"postgres", "template1"} <= set(await databases(servers))
    assert reached == [role.removesuffix("_owner")]


@pytest.mark.parametrize("service", SERVICES)
async def test_a_role_does_to_a_table_what_its_service_does(servers: Servers, service: str) -> None:
    rights = """
    SELECT tablename AS table,
        has_table_privilege($1, oid, 'SELECT') AS reads, has_table_privilege($1, oid, 'INSERT') AS adds,
        has_table_privilege($1, oid, 'UPDATE') AS changes, has_table_privilege($1, oid, 'DELETE') AS removes,
        has_table_privilege($1, oid, 'TRUNCATE, REFERENCES, TRIGGER') AS more,
        ARRAY(SELECT attname::text FROM pg_attribute WHERE attrelid = oid AND attnum > 0 AND NOT attisdropped
            AND has_column_privilege($1, oid, attnum, 'UPDATE')) AS columns
    FROM pg_tables JOIN pg_class ON oid = format('%I.%I', schemaname, tablename)::regclass WHERE schemaname = 'public'
    """
    connection = await asyncpg.connect(servers.owner_urls[service])
    found = {row["table"]: row for row in await connection.fetch(rights, service)}
    owned = await connection.fetchval("SELECT count(*) FROM pg_class WHERE relowner = to_regrole($1)", service)
    await connection.close()
    assert owned == 0
    assert ADDED_TO[service] <= found.keys()
    for table, row in found.items():
        whole = table not in ADDED_TO[service] and (service, table) not in CHANGED and table != "alembic_version"
        kept = (row["reads"], row["adds"], row["changes"], row["removes"], row["more"])
        assert kept == (True, table != "alembic_version", whole, whole, False), table
        if not whole:
            assert set(row["columns"]) == CHANGED.get((service, table), set()), table


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE timeline SET reason_code = 'other'",
        "DELETE FROM timeline",
        "UPDATE deliveries SET status = 'delivered'",
        "DELETE FROM deliveries",
        "TRUNCATE deliveries",
    ],
)
async def test_what_happened_and_who_was_told_is_only_added_to(platform: Platform, statement: str) -> None:
    await sent_referral(platform, await small_town(platform))
    await platform.settle()
    await platform.settle()
    for table in ("timeline", "deliveries"):
        assert await platform.scalar("referral", f"SELECT count(*) FROM {table}") > 0
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with platform.databases["referral"].transaction() as tx:
            await tx.execute(text(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE deliveries SET last_error = NULL, version = version + 1",
        "UPDATE deliveries SET status = 'withdrawn', delivered_at = NULL",
        "UPDATE deliveries SET channel = 'inbox'",
        "UPDATE deliveries SET status = 'bounced', bounced_at = now(), message_id = NULL",
        "UPDATE deliveries SET notice_id = gen_random_uuid()",
        "DELETE FROM deliveries",
        "UPDATE notices SET about = '{}'",
        "DELETE FROM notices",
    ],
)
async def test_what_was_delivered_stays_as_it_is(platform: Platform, statement: str) -> None:
    await Story.of(platform, await small_town(platform)).tell("sent", "source")
    await platform.settle()
    await delivery_queue(platform, Clock()).step()
    assert await count(platform, "deliveries", "status <> 'delivered'") == 0
    with pytest.raises(ProgrammingError, match="permission denied"):
        async with platform.databases["notifications"].transaction() as tx:
            await tx.execute(text(statement))
    async with platform.owners["notifications"].transaction() as tx:
        await tx.execute(text("UPDATE deliveries SET last_error = NULL"))


async def test_a_delivery_that_had_been_given_up_and_arrived_is_shown_as_delivered(platform: Platform) -> None:
    town = await small_town(platform)
    sent = await sent_referral(platform, town)
    await platform.settle()
    await platform.settle()
    async with platform.databases["referral"].transaction() as tx:
        earlier = (
            "INSERT INTO deliveries"
            " (id, epoch, sequence, referral_id, cause_id, channel, organization_id, member_id, status, at)"
            " SELECT id, epoch, sequence - 1, referral_id, cause_id, channel, organization_id, member_id, 'failed', at"
            " FROM deliveries"
        )
        await tx.execute(text(earlier))
    async with platform.client("referral", town.adviser) as client:
        items = (await client.get(f"/referrals/{sent['id']}/timeline")).json()["contents"]
    told = [each for item in items for each in item["told"]]
    assert told
    assert {each["status"] for each in told} == {"delivered"}


async def test_an_upgrade_takes_back_what_an_older_version_gave(platform: Platform, servers: Servers) -> None:
    async with platform.owners["referral"].transaction() as tx:
        await tx.execute(text("GRANT ALL ON timeline, deliveries TO referral"))
        await tx.execute(text("GRANT UPDATE (status) ON deliveries TO referral"))
    await asyncio.to_thread(upgrade, "referral", servers.owner_urls["referral"])
    rights = (
        "SELECT has_any_column_privilege('referral', 'deliveries', 'UPDATE')"
        " OR has_table_privilege('referral', 'timeline', 'UPDATE, DELETE')"
    )
    assert await platform.scalar("referral", rights) is False
