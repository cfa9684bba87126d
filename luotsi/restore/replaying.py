"""Events that a restored service has not dealt with, given to its own handlers before its processes start.

What that makes can still be looked at and held back then: so nobody gets a mail twice.
"""

import logging
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from luotsi.platform.operator_database import operator_database
from luotsi.platform.referral_work import vault
from luotsi.platform.target import Target
from services.catalog import consumers as catalog
from services.notifications import consumers as notifications
from services.portal import consumers as portal
from services.referral.consumers import ReferralConsumers
from shared.clock import utc_now
from shared.consuming.inbox import Consumer, handle
from shared.database.connections import Database
from shared.events import Envelope
from shared.publishing.outbox import Outbox
from shared.services import SERVICES

log = logging.getLogger(__name__)

ORDER = ("catalog", "portal", "referral", "notifications")
"""Who hears of nothing comes first: each then finds what the ones before it have recorded."""

_BATCH = 100
_EVENTS = text("SELECT event_id, payload FROM outbox WHERE recorded_at >= :since AND type = ANY(:types) ORDER BY id")
_DEALT_WITH = text("SELECT event_id FROM inbox WHERE consumer = :consumer AND event_id = ANY(:ids)")


async def replay(target: Target, service: str, since: datetime) -> list[UUID]:
    """Have a service deal with all that was recorded since a moment and that it does not know; returns the events.

    An event on which a handler fails is left to its worker, which will meet it on the stream.
    """
    done: list[UUID] = []
    async with operator_database(target.database_url(service)) as own:
        for consumer in _consumers(target, service):
            owner = next(each.name for each in SERVICES if each.stream == consumer.stream)
            events = await _unknown(target, own, consumer, owner, since)
            for start in range(0, len(events), _BATCH):
                done += await _take(own, consumer, events[start : start + _BATCH])
    return done


def _consumers(target: Target, service: str) -> Sequence[Consumer]:
    match service:
        case "catalog":
            return catalog.build_consumers()
        case "portal":
            return portal.build_consumers()
        case "notifications":
            return notifications.build_consumers(Outbox("notifications"))
        case "referral":
            return ReferralConsumers(Outbox("referral"), vault(target), utc_now).consumers()
    raise LookupError(f"nobody knows what {service} does with events")


async def _unknown(target: Target, own: Database, consumer: Consumer, owner: str, since: datetime) -> list[Envelope]:
    async with operator_database(target.database_url(owner)) as owners:
        async with owners.transaction() as tx:
            rows = (await tx.execute(_EVENTS, {"since": since, "types": list(consumer.handlers)})).all()
        async with own.transaction() as tx:
            asked = {"consumer": consumer.group, "ids": [row.event_id for row in rows]}
            known = set((await tx.execute(_DEALT_WITH, asked)).scalars())
    return [Envelope.model_validate_json(row.payload) for row in rows if row.event_id not in known]


async def _take(own: Database, consumer: Consumer, events: Sequence[Envelope]) -> list[UUID]:
    try:
        await handle(own, consumer, events)
    except Exception as error:
        if len(events) == 1:
            log.warning("event %s is left to the worker: %s", events[0].id, type(error).__name__)
            return []
        return [each for event in events for each in await _take(own, consumer, [event])]
    return [event.id for event in events]


__all__ = ["ORDER", "replay"]
