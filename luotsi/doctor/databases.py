"""A look into each database: what waits there for its turn, and for how long already."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, Final

from luotsi.doctor.finding import Finding, age, counted
from luotsi.platform.target import Target
from services.referral.queries.health import OVERDUE_SECONDS, TIMERS, UNSEALED, UNSEALED_SECONDS
from shared.consuming.backlog import PARKED, PARKED_SECONDS
from shared.database.addresses import connect
from shared.publishing.backlog import UNPUBLISHED, publishes_in_time
from shared.services import Service

PATIENCE_SECONDS: Final = 5.0

_DURABILITY: Final = """
SELECT name FROM pg_settings
WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name
"""

Look = Callable[[Any], Awaitable[Finding]]


async def look_into(target: Target, service: Service, further: Iterable[Look] = ()) -> list[Finding]:
    """What waits in the database of a service; then what `further` looks find there."""
    piece = f"database {service.name}"
    connection = await connect(target.database_url(service.name), timeout=PATIENCE_SECONDS)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version') IS NULL"):
            missing = Finding(piece, False, "is not migrated", "run `luotsi migrate`")
            return [missing, _durability(service, await connection.fetch(_DURABILITY))]
        found = [Finding(piece, True, "answers"), _durability(service, await connection.fetch(_DURABILITY))]
        if service.stream:
            found.append(_outbox(service, await connection.fetchrow(UNPUBLISHED)))
        if service.reads:
            found.append(_parked(service, await connection.fetchrow(PARKED)))
        return [*found, *[await look(connection) for look in further]]
    finally:
        await connection.close()


async def timers(connection: Any) -> Finding:
    """Whether reminders and expiry of referrals go on."""
    row = await connection.fetchrow(TIMERS)
    note = counted(row["number"], "is overdue", "are overdue") + (
        f", the oldest for {age(row['oldest'])}" if row["number"] else ""
    )
    advice = "is a referral worker running? Its log names each referral that it fails on"
    return Finding("timers of referrals", row["oldest"] <= OVERDUE_SECONDS, note, advice)


async def seals(connection: Any) -> Finding:
    """Whether the log of who was shown what is sealed day by day."""
    row = await connection.fetchrow(UNSEALED)
    note = (
        "all days that are over are sealed"
        if not row["number"]
        else (
            counted(row["number"], "day is", "days are") + f" over and not sealed, the first for {age(row['oldest'])}"
        )
    )
    advice = "is a referral worker running, and has it AUDIT_KEY? Then `luotsi audit verify`"
    return Finding("seals", row["oldest"] <= UNSEALED_SECONDS, note, advice)


def _durability(service: Service, off: Sequence[Any]) -> Finding:
    """Whether the server has on disk what it says is committed."""
    *others, last = [row["name"] for row in off] or ["nothing"]
    named = f"{', '.join(others)} and {last} are" if others else f"{last} is"
    note = f"NOT durable: {named} off" if off else "what is committed is on disk"
    advice = "set it to on, for the server and for role and database: a power cut loses what people were told is done"
    return Finding(f"durability {service.name}", not off, note, advice)


def _outbox(service: Service, row: Any) -> Finding:
    note = f"{counted(row['number'], 'event waits', 'events wait')} to be published" + (
        f", the oldest for {age(row['oldest'])}" if row["number"] else ""
    )
    well = publishes_in_time(row["number"], row["oldest"])
    advice = f"does Redis answer, and is {service.name}-worker running? Its log says what holds it up"
    return Finding(f"outbox {service.name}", well, note, advice)


def _parked(service: Service, row: Any) -> Finding:
    note = counted(row["number"], "event is parked", "events are parked")
    if row["number"]:
        note += f", the oldest for {age(row['oldest'])}, one of them until {row['example']} is known"
    advice = "what they wait for never came: `luotsi rebuild --all` makes the copies of foreign facts anew"
    return Finding(f"parked {service.name}", row["oldest"] <= PARKED_SECONDS, note, advice)
