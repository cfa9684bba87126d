"""Failures of handlers, counted in the database: Redis would count deliveries, and outages with them."""

from sqlalchemy import text

from shared.database.connections import Database
from shared.metrics import FAILED

_COUNT = text(
    "INSERT INTO failures (stream, entry_id, failures, last_error) VALUES (:stream, :entry, 1, :error) "
    "ON CONFLICT (stream, entry_id) DO UPDATE SET failures = failures.failures + 1, "
    "last_error = excluded.last_error, last_failed_at = now() RETURNING failures"
)


async def count_failure(database: Database, stream: str, group: str, entry: str, reason: str) -> int:
    """Note that the handler failed on `entry` (an entry id, or an event id); returns how often it has."""
    async with database.transaction() as tx:
        params = {"stream": stream, "entry": entry, "error": reason}
        failures: int = (await tx.execute(_COUNT, params)).scalar_one()
    FAILED.labels(stream, group).inc()
    return failures
