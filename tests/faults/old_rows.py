"""Rows that retention has to take away: each is copied first, so that the books tell of it when it is gone.

The schema `books` has a view for each table that retention takes rows from. It shows what is there and what was put
aside; whatever else goes is missing in it too, and all the checks that look for losses find that.
"""

from collections.abc import Collection
from typing import Final

from shared.services import publishers
from tests.faults.lab import Lab

TAKEN_FROM: Final = {
    "referral": {
        "messages": "id",
        "idempotency_keys": "key",
        "disclosures": "id",
        "deliveries": "id",
        "outbox": "event_id",
        "inbox": "event_id",
    },
    "notifications": {"notices": "id", "deliveries": "id", "outbox": "event_id", "inbox": "event_id"},
    "catalog": {"outbox": "event_id", "unfound_words": "digest", "inbox": "event_id"},
    "portal": {"inbox": "event_id"},
}
"""Service → table → the column by which its rows are told apart."""
_PREPARED: Final = (
    "CREATE TABLE books.old_{table} AS TABLE public.{table} WITH NO DATA",
    "CREATE VIEW books.{table} AS SELECT * FROM public.{table} UNION ALL SELECT * FROM books.old_{table} old "
    "WHERE NOT EXISTS (SELECT FROM public.{table} present WHERE present.{key} = old.{key})",
)
_STILL_THERE: Final = (
    "SELECT {key}::text AS key FROM public.{table} WHERE {key} IN (SELECT {key} FROM books.old_{table})"
)
_AT_THE_END: Final = (
    "SELECT event_id, subject FROM public.outbox WHERE entry_ms IS NOT NULL "
    "ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1"
)

_KEPT: Final = {service: dict(tables) for service, tables in TAKEN_FROM.items()}
_KEPT["referral"] |= {"referrals": "id", "timeline": "event_id", "clients": "id", "client_keys": "client_id"}
_KEPT["catalog"] |= {"organizations": "id", "services": "id", "members": "id"}
_OF_OTHERS: Final = {
    "client_keys": "client_id <> ALL ($1::uuid[])",
    "messages": "referral_id NOT IN (SELECT id FROM public.referrals WHERE client_id = ANY ($1::uuid[]))",
}


async def prepare_books(lab: Lab) -> None:
    """Make the schema in each database, for its service to read."""
    for service, tables in TAKEN_FROM.items():
        made = [each.format(table=table, key=key) for table, key in tables.items() for each in _PREPARED]
        read = [f"GRANT USAGE ON SCHEMA books TO {service}", f"GRANT SELECT ON ALL TABLES IN SCHEMA books TO {service}"]
        for sql in ("CREATE SCHEMA books", *made, *read):
            await lab.query(service, sql, as_owner=True)


async def put_aside(lab: Lab, service: str, table: str, which: str, *arguments: object) -> None:
    """Copy the rows of a condition that are to go, unless they have been copied before."""
    key = TAKEN_FROM[service][table]
    new = f"({which}) AND {key} NOT IN (SELECT {key} FROM books.old_{table})"
    await lab.query(
        service, f"INSERT INTO books.old_{table} SELECT * FROM public.{table} WHERE {new}", *arguments, as_owner=True
    )


async def still_there(lab: Lab, *, whatever: bool = False) -> dict[str, int]:
    """Of what was put aside, how much nobody has taken away, table by table.

    The event behind the newest entry of a stream stays, and what depends on it: by it the relay knows its stream. Only
    with `whatever` it is counted like any other.
    """
    stays: set[str] = set()
    for service in () if whatever else publishers():
        stays |= {str(value) for row in await lab.query(service, _AT_THE_END) for value in row.values()}
    found = {}
    for service, tables in TAKEN_FROM.items():
        for table, key in tables.items():
            rows = await lab.query(service, _STILL_THERE.format(table=table, key=key), as_owner=True)
            if left := {row["key"] for row in rows} - stays:
                found[f"{service}.{table}"] = len(left)
    return found


async def ids_that_stay(lab: Lab, erased: Collection[object]) -> dict[str, set[object]]:
    """What retention has to leave where it is, table by table; `erased` are the clients whom it is to erase."""
    found = {}
    for service, tables in _KEPT.items():
        for table, key in tables.items():
            which = [f"{key} NOT IN (SELECT {key} FROM books.old_{table})"] if table in TAKEN_FROM[service] else []
            which += [_OF_OTHERS[table]] if table in _OF_OTHERS else []
            sql = f"SELECT {key} AS key FROM public.{table} WHERE {' AND '.join(which or ['true'])}"
            of = [list(erased)] if table in _OF_OTHERS else []
            found[f"{service}.{table}"] = {row["key"] for row in await lab.query(service, sql, *of, as_owner=True)}
    return found
