"""Parked events whose fact has come but whose handler failed: tried again by themselves, or set aside as dead."""

import logging
from datetime import timedelta
from uuid import UUID

from faststream.redis.message import bDATA_KEY
from sqlalchemy import text

from shared.consuming import dead_letters
from shared.consuming.failures import count_failure
from shared.consuming.inbox import RETRY, Consumer, Poison, handle_one
from shared.database.connections import Database
from shared.database.outages import is_outage
from shared.events import Envelope
from shared.redis import RawRedis

log = logging.getLogger(__name__)

# A failure of later than now is one from before the database's clock was set back.
_DUE = text(
    "SELECT event_id FROM parked WHERE waits_for = :retry AND payload::json->>'type' = ANY(:types) "
    "AND NOT EXISTS (SELECT FROM failures WHERE stream = :stream AND entry_id = parked.event_id::text "
    "AND last_failed_at > now() - CAST(:idle AS interval) AND last_failed_at <= now()) ORDER BY event_id"
)
_TAKE = text("DELETE FROM parked WHERE event_id = :id AND waits_for = :retry RETURNING payload")
# The inbox knew the event since it was parked; forgotten there, it can be replayed.
_FORGET = text("DELETE FROM inbox WHERE event_id = :id AND consumer = :group")


async def retry_stuck(
    database: Database, redis: RawRedis, consumer: Consumer, max_failures: int, idle: timedelta = timedelta(0)
) -> None:
    """Try each stuck event of `consumer` once, unless it failed less than `idle` ago. Raises on an outage only."""
    due = {"retry": RETRY, "types": list(consumer.handlers), "stream": consumer.stream, "idle": idle}
    async with database.transaction() as tx:
        stuck = list((await tx.execute(_DUE, due)).scalars())
    for event_id in stuck:
        try:
            await _retry(database, consumer, event_id)
        except Exception as error:
            if is_outage(error):
                raise
            reason = type(error).__name__
            log.error("parked event %s failed again: %s", event_id, reason, exc_info=error)
            entry = str(event_id)
            failures = await count_failure(database, consumer.stream, consumer.group, entry, reason)
            if isinstance(error, Poison) or failures >= max_failures:
                await _dead_letter(database, redis, consumer, event_id, f"handler failed: {reason}", failures)


async def _retry(database: Database, consumer: Consumer, event_id: UUID) -> None:
    async with database.transaction() as tx:
        payload = (await tx.execute(_TAKE, {"id": event_id, "retry": RETRY})).scalar()
        if payload is not None:  # another worker may have been quicker
            await handle_one(tx, consumer, Envelope.model_validate_json(payload))


async def _dead_letter(
    database: Database, redis: RawRedis, consumer: Consumer, event_id: UUID, reason: str, failures: int
) -> None:
    async with database.transaction() as tx:
        payload = (await tx.execute(_TAKE, {"id": event_id, "retry": RETRY})).scalar()
        if payload is None:
            return
        await tx.execute(_FORGET, {"id": event_id, "group": consumer.group})
        fields = {bDATA_KEY: payload.encode()}
        # Before the commit: dying here makes two letters of it, which do the harm of one.
        await dead_letters.dead_letter(redis, consumer.stream, consumer.group, "", fields, reason, failures)
