"""A platform's databases, filled with what years of work leave behind: any number of referrals, set by set in SQL.

`common.sql` and `journeys.sql` say who there is and what happened to each referral, by its number alone; the file of
each database writes that down. So the databases agree. Only the catalogue and a thousand clients pass through Python.

What there is not: referrals that were passed on, drafts that were left, keys of repeated requests, mail under way.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import asyncpg

from bench import search_filling
from bench.filling.sealing import seal_newest
from services.referral.vault import Vault
from shared.database.addresses import connect
from shared.database.connections import Database

HERE: Final = Path(__file__).parent
FILES: Final = {
    "catalog": ("catalog",),
    "referral": ("referral", "copies"),
    "notifications": ("notifications", "copies"),
    "portal": ("portal", "copies"),
}
_SLOTS: Final = (("adviser",), ("adviser",), ("recipient",), ("recipient", "admin"), ("coordinator",))
"""The roles of an organisation's members by their slot. Only organisation 0 has the last."""

_TUNING: Final = "SET LOCAL statement_timeout = 0; SET LOCAL jit = off; SET LOCAL maintenance_work_mem = '256MB'; "
_TUNING_SORTS: Final = "SET LOCAL work_mem = '128MB'; SET LOCAL max_parallel_workers_per_gather = 0"


@dataclass(frozen=True)
class Size:
    """How much there is. `at_work` referrals, the newest, are under way or wait to be closed; all others are closed.

    `lean`: the logs of events hold only the newest event of each referral, and none of a delivery. `days` are how long
    people have worked with it.
    """

    referrals: int
    organizations: int = 500
    services: int = 10_000
    at_work: int = 500
    lean: bool = False
    days: int = 730
    moment: datetime = field(default_factory=lambda: datetime.now(UTC))


async def fill(owners: Mapping[str, str], size: Size, vault: Vault) -> None:
    """Fill migrated databases, given by the addresses of their owners. Nothing of `Size` may be in them yet.

    Each database is filled in one transaction, or not at all, and its tables are locked meanwhile.
    """
    database = Database(owners["catalog"], pool_size=1)
    await search_filling.fill(database, size.services, size.organizations)
    await database.close()
    given = await _catalogue(owners["catalog"])
    await asyncio.gather(*(_fill_one(service, owners[service], size, given, vault) for service in FILES))


Given = dict[str, list[tuple[Any, ...]]]


async def _catalogue(owner: str) -> Given:
    """Organisations, services and members by their numbers, out of the slugs that the filled catalogue has."""
    connection = await connect(owner, timeout=10)
    towns = await connection.fetch(
        "SELECT substr(slug, 2)::int, id, slug, name, slug || '@town.example' FROM organizations "
        "WHERE slug ~ '^o[0-9]+$' ORDER BY 1"
    )
    each = len(await connection.fetch("SELECT FROM services WHERE organization_id = $1", towns[0][1]))
    offered = await connection.fetch(
        "SELECT o * $1 + within, o, within, id, slug, name, languages, target_groups FROM services, "
        "LATERAL (SELECT split_part(substr(slug, 2), '-', 1)::int AS o, split_part(slug, '-', 2)::int AS within) AS n "
        "WHERE slug ~ '^s[0-9]+-[0-9]+$' ORDER BY 1",
        each,
    )
    await connection.close()
    return {"towns": list(map(tuple, towns)), "offered": list(map(tuple, offered))}


async def _fill_one(service: str, owner: str, size: Size, given: Given, vault: Vault) -> None:
    connection = await connect(owner, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute(_TUNING + _TUNING_SORTS)
            await _prepare(connection, size, given)
            indexes = await _without_indexes(connection)
            for name in FILES[service]:
                await connection.execute((HERE / f"{name}.sql").read_text())
            if service == "referral":
                await seal_newest(connection, vault)
                await connection.execute((HERE / "older_keys.sql").read_text())
            await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")  # no index can be made before these have fired
            for definition in indexes:
                await connection.execute(definition)
        await connection.execute("SET statement_timeout = 0")
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


async def _prepare(connection: asyncpg.Connection, size: Size, given: Given) -> None:
    """The temporary tables and views that all statements stand on."""
    await connection.execute((HERE / "common.sql").read_text())
    first_day = size.moment - timedelta(days=size.days)
    row = (size.referrals, size.moment, first_day, size.at_work, size.lean)
    await connection.execute("INSERT INTO filling VALUES ($1, $2, $3, $4, $5)", *row)
    for table, rows in given.items():
        await connection.copy_records_to_table(table, records=rows)
    await connection.execute(
        "INSERT INTO staff SELECT o, number - 1, pg_temp.made_id(first_day, 'member:' || o || ':' || number), "
        "(string_to_array(roles, ','))[1] || number || '@' || slug || '.example', string_to_array(roles, ',') "
        "FROM filling, towns, unnest($1::text[]) WITH ORDINALITY AS slots (roles, number) WHERE number < 5 OR o = 0",
        [",".join(roles) for roles in _SLOTS],
    )
    await connection.execute((HERE / "journeys.sql").read_text())


async def _without_indexes(connection: asyncpg.Connection) -> list[str]:
    """Drop the indexes that are for reading alone, and return how to make them: made at the end they take far less."""
    found = await connection.fetch(
        "SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS definition FROM pg_index "
        "JOIN pg_class ON pg_class.oid = indrelid WHERE relnamespace = 'public'::regnamespace AND NOT indisunique "
        "AND relkind = 'r' AND relname NOT LIKE '%search_words'"
    )
    for each in found:
        await connection.execute(f"DROP INDEX {each['name']}")
    return [each["definition"] for each in found]
