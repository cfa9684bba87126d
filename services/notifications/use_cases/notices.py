"""Making notices: one per event and recipient, each with its deliveries, in the transaction of its cause."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic_core import to_json
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain import About
from services.notifications.tables import Delivery, Notice
from shared.clock import utc_now
from shared.database.connections import run_plainly
from shared.events import Envelope
from shared.events.notification import Channel, DeliveryState
from shared.ids import new_id
from shared.publishing.outbox import Outbox

TURN: Final = "notices"
"""Held by each transaction that makes notices or changes who is to be told; taken before any other lock.

So a number given later is committed later, nobody is told who leaves in this very moment, and two workers have nothing
to wait for each other in a ring.
"""

# Whoever was told already is left out; who is left gets the next number of the inbox.
_WRITE = """
WITH fresh AS MATERIALIZED (
    SELECT asked.* FROM json_populate_recordset(NULL::notices, $1::json) AS asked WHERE NOT EXISTS (
        SELECT FROM notices AS told WHERE told.event_id = asked.event_id
        AND told.recipient_organization_id = asked.recipient_organization_id
        AND told.recipient_member_id IS NOT DISTINCT FROM asked.recipient_member_id
    )
), counted AS (
    INSERT INTO counters (member_id, last_number)
    SELECT recipient_member_id, 1 FROM fresh WHERE recipient_member_id IS NOT NULL
    ON CONFLICT (member_id) DO UPDATE SET last_number = counters.last_number + 1 RETURNING member_id, last_number
), made AS (
    INSERT INTO notices (
        id, event_id, event_type, correlation_id, referral_id, reference,
        recipient_organization_id, recipient_member_id, number, about, created_at
    ) SELECT
        id, event_id, event_type, correlation_id, referral_id, reference,
        recipient_organization_id, recipient_member_id, last_number, about, created_at
    FROM fresh LEFT JOIN counted ON member_id = recipient_member_id
), ways AS (
    INSERT INTO deliveries (id, notice_id, channel, status, attempts, next_attempt_at, delivered_at, version)
    SELECT id, notice_id, channel, status, attempts, next_attempt_at, delivered_at, version
    FROM json_populate_recordset(NULL::deliveries, $2::json) WHERE notice_id IN (SELECT id FROM fresh)
)
SELECT id FROM fresh
"""


@dataclass(frozen=True)
class Cause:
    """The event that notices tell about."""

    event_id: UUID
    event_type: str
    correlation_id: str
    referral_id: UUID
    about: About


@dataclass(frozen=True)
class Recipient:
    """A member, or the desk address of an organisation (`member_id` None). How one is told makes nobody another."""

    organization_id: UUID
    member_id: UUID | None
    as_coordinator: bool = field(default=False, compare=False)
    by_mail: bool = field(default=True, compare=False)


@dataclass(frozen=True)
class PlainNotice:
    """A row of notices without its table: many at a time are written and sent, so they do without a session."""

    id: UUID
    event_id: UUID
    event_type: str
    correlation_id: str
    referral_id: UUID
    reference: str
    recipient_organization_id: UUID
    recipient_member_id: UUID | None
    about: dict[str, Any]
    created_at: datetime

    @property
    def facts(self) -> About:
        """`about` as the domain knows it."""
        return About.model_validate(self.about)


@dataclass(frozen=True)
class PlainDelivery:
    """A row of deliveries without its table."""

    notice_id: UUID
    channel: Channel
    status: str
    attempts: int = 0
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    version: int = 1
    id: UUID = field(default_factory=new_id)


async def make_notices(
    session: AsyncSession, outbox: Outbox, cause: Cause, recipients: Collection[Recipient]
) -> list[PlainNotice]:
    """Tell `recipients` of `cause`, save those who were told already; returns the new notices.

    The caller has taken its turn. A member finds the notice in the inbox at once; mail waits to be sent.
    """
    if not recipients:
        return []
    now = utc_now()
    asked: list[PlainNotice] = []
    ways: list[PlainDelivery] = []
    for who in sorted(set(recipients), key=lambda who: (who.organization_id, str(who.member_id))):
        notice = _notice(cause, who, now)
        asked.append(notice)
        if who.member_id is not None:
            ways.append(PlainDelivery(notice.id, "inbox", "delivered", attempts=1, delivered_at=now))
        if who.by_mail:
            ways.append(PlainDelivery(notice.id, "email", "pending", next_attempt_at=now))
    fresh = await run_plainly(session, _WRITE, to_json(asked).decode(), to_json(ways).decode())
    ids = {row["id"] for row in fresh}
    made = {notice.id: notice for notice in asked if notice.id in ids}
    for way in ways:
        if way.channel == "inbox" and way.notice_id in made:
            tell_delivery(session, outbox, "notification.delivered.v1", made[way.notice_id], way, now)
    return list(made.values())


def _notice(cause: Cause, who: Recipient, now: datetime) -> PlainNotice:
    return PlainNotice(
        id=new_id(),
        event_id=cause.event_id,
        event_type=cause.event_type,
        correlation_id=cause.correlation_id,
        referral_id=cause.referral_id,
        reference=cause.about.reference,
        recipient_organization_id=who.organization_id,
        recipient_member_id=who.member_id,
        about=cause.about.model_copy(update={"to_coordinator": who.as_coordinator}).model_dump(mode="json"),
        created_at=now,
    )


def tell_delivery(
    session: AsyncSession,
    outbox: Outbox,
    event_type: str,
    notice: Notice | PlainNotice,
    delivery: Delivery | PlainDelivery,
    now: datetime,
) -> Envelope:
    """Record what became of a delivery, for whoever wants the proof; returns the event."""
    state = DeliveryState(
        id=delivery.id,
        notice_id=notice.id,
        referral_id=notice.referral_id,
        cause_id=notice.event_id,
        cause_type=notice.event_type,
        channel="inbox" if delivery.channel == "inbox" else "email",
        organization_id=notice.recipient_organization_id,
        member_id=notice.recipient_member_id,
        attempts=delivery.attempts,
        at=now,
    )
    return outbox.record(session, event_type, delivery.id, delivery.version, state)
