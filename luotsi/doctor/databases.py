"""A look into each database: what waits there for its turn, and for how long already."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Final

import asyncpg

from luotsi.doctor.finding import Finding, age, counted
from luotsi.platform.target import Target
from shared.services import Service

PATIENCE_SECONDS: Final = 5.0

_BACKLOG_LIMIT: Final = 1000
_UNPUBLISHED_SECONDS: Final = 60.0
_PARKED_SECONDS: Final = 3600.0
_OVERDUE_SECONDS: Final = 600.0
_OUTBOX: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float AS oldest
FROM outbox WHERE published_at IS NULL
"""
_PARKED: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(parked_at)), 0)::float AS oldest,
    min(waits_for) AS example
FROM parked
"""
_TIMERS: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float AS oldest
FROM timers WHERE fired_at IS NULL AND due_at < now() - make_interval(secs => 10)
"""

Look = Callable[[Any], Awaitable[Finding]]


async def look_into(target: Target, service: Service, further: Iterable[Look] = ()) -> list[Finding]:
    """What waits in the database of a service; then what `further` looks find there."""
    piece = f"database {service.name}"
    connection = await asyncpg.connect(target.database_url(service.name), timeout=PATIENCE_SECONDS)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version') IS NULL"):
            return [Finding(piece, False, "is not migrated", "run `luotsi migrate`")]
        found = [Finding(piece, True, "answers")]
        if service.stream:
            found.append(_outbox(service, await connection.fetchrow(_OUTBOX)))
        if service.reads:
            found.append(_parked(service, await connection.fetchrow(_PARKED)))
        return [*found, *[await look(connection) for look in further]]
    finally:
        await connection.close()


async def timers(connection: Any) -> Finding:
    """Whether reminders and expiry of referrals go on."""
    row = await connection.fetchrow(_TIMERS)
    note = counted(row["number"], "is overdue", "are overdue") + (
        f", the oldest for {age(row['oldest'])}" if row["number"] else ""
    )
    advice = "is a referral worker running? Its log names each referral that it fails on"
    return Finding("timers of referrals", row["oldest"] <= _OVERDUE_SECONDS, note, advice)


def _outbox(service: Service, row: Any) -> Finding:
    note = f"{counted(row['number'], 'event waits', 'events wait')} to be published" + (
        f", the oldest for {age(row['oldest'])}" if row["number"] else ""
    )
    well = row["number"] <= _BACKLOG_LIMIT and row["oldest"] <= _UNPUBLISHED_SECONDS
    advice = f"does Redis answer, and is {service.name}-worker running? Its log says what holds it up"
    return Finding(f"outbox {service.name}", well, note, advice)


def _parked(service: Service, row: Any) -> Finding:
    note = counted(row["number"], "event is parked", "events are parked")
    if row["number"]:
        note += f", the oldest for {age(row['oldest'])}, one of them until {row['example']} is known"
    advice = "what they wait for never came: `luotsi rebuild --all` makes the copies of foreign facts anew"
    return Finding(f"parked {service.name}", row["oldest"] <= _PARKED_SECONDS, note, advice)
