"""Making notices: one per event and recipient, each with its deliveries, in the transaction of its cause."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain import About
from services.notifications.tables import Delivery, Notice
from shared.clock import utc_now
from shared.db import run_plainly
from shared.events.notification import Channel, DeliveryState
from shared.ids import new_id
from shared.outbox import Outbox

_TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended('notices', 0))"
_TOLD_ALREADY = "SELECT recipient_organization_id, recipient_member_id FROM notices WHERE event_id = $1"
_WITHOUT_MAIL = "SELECT member_id FROM preferences WHERE member_id = ANY($1::uuid[]) AND NOT email"
_COUNT_UP = """
INSERT INTO counters (member_id, last_number) SELECT unnest($1::uuid[]), 1
ON CONFLICT (member_id) DO UPDATE SET last_number = counters.last_number + 1 RETURNING member_id, last_number
"""
_WRITE = """
WITH made AS (
    INSERT INTO notices (
        id, event_id, event_type, correlation_id, referral_id, reference,
        recipient_organization_id, recipient_member_id, number, about, created_at
    ) SELECT
        id, event_id, event_type, correlation_id, referral_id, reference,
        recipient_organization_id, recipient_member_id, number, about, created_at
    FROM json_populate_recordset(NULL::notices, $1::json)
)
INSERT INTO deliveries (id, notice_id, channel, status, attempts, next_attempt_at, delivered_at, version)
SELECT id, notice_id, channel, status, attempts, next_attempt_at, delivered_at, version
FROM json_populate_recordset(NULL::deliveries, $2::json)
"""


async def take_turn(session: AsyncSession) -> None:
    """Wait until no other transaction makes notices or changes who is to be told; held until the commit.

    So a number given later is committed later, and nobody is told who leaves in this very moment.
    It is taken before any other lock, which leaves two workers nothing to wait for each other in a ring.
    """
    await run_plainly(session, _TAKE_TURN)


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


@dataclass(frozen=True)
class NewNotice:
    """A row of notices as it is first written: many at a time, which is why it does without a session."""

    id: UUID
    event_id: UUID
    event_type: str
    correlation_id: str
    referral_id: UUID
    reference: str
    recipient_organization_id: UUID
    recipient_member_id: UUID | None
    number: int | None
    about: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True)
class NewDelivery:
    """A row of deliveries as it is first written."""

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
) -> list[NewNotice]:
    """Tell `recipients` of `cause`, save those who were told already; returns the new notices.

    The caller has taken its turn. A member finds the notice in the inbox at once; mail waits to be sent.
    """
    told = await _told_already(session, cause.event_id)
    fresh = sorted(set(recipients) - told, key=lambda who: (who.organization_id, str(who.member_id)))
    if not fresh:
        return []
    members = [who.member_id for who in fresh if who.member_id is not None]
    numbers = await _next_numbers(session, members)
    without_mail = await _without_mail(session, members)
    now = utc_now()
    made = [_notice(cause, who, numbers, now) for who in fresh]
    deliveries = []
    for notice in made:
        if notice.recipient_member_id is not None:
            deliveries.append(NewDelivery(notice.id, "inbox", "delivered", attempts=1, delivered_at=now))
            tell_delivery(session, outbox, "notification.delivered.v1", notice, deliveries[-1], now)
        if notice.recipient_member_id not in without_mail:
            deliveries.append(NewDelivery(notice.id, "email", "pending", next_attempt_at=now))
    await run_plainly(session, _WRITE, to_json(made).decode(), to_json(deliveries).decode())
    return made


async def _told_already(session: AsyncSession, event_id: UUID) -> set[Recipient]:
    found = await run_plainly(session, _TOLD_ALREADY, event_id)
    return {Recipient(row["recipient_organization_id"], row["recipient_member_id"]) for row in found}


async def _next_numbers(session: AsyncSession, member_ids: Sequence[UUID]) -> dict[UUID, int]:
    if not member_ids:
        return {}
    found = await run_plainly(session, _COUNT_UP, member_ids)
    return {row["member_id"]: row["last_number"] for row in found}


async def _without_mail(session: AsyncSession, member_ids: Sequence[UUID]) -> set[UUID]:
    if not member_ids:
        return set()
    return {row["member_id"] for row in await run_plainly(session, _WITHOUT_MAIL, member_ids)}


def _notice(cause: Cause, who: Recipient, numbers: dict[UUID, int], now: datetime) -> NewNotice:
    return NewNotice(
        id=new_id(),
        event_id=cause.event_id,
        event_type=cause.event_type,
        correlation_id=cause.correlation_id,
        referral_id=cause.referral_id,
        reference=cause.about.reference,
        recipient_organization_id=who.organization_id,
        recipient_member_id=who.member_id,
        number=numbers[who.member_id] if who.member_id else None,
        about=cause.about.model_copy(update={"to_coordinator": who.as_coordinator}).model_dump(mode="json"),
        created_at=now,
    )


def tell_delivery(
    session: AsyncSession,
    outbox: Outbox,
    event_type: str,
    notice: Notice | NewNotice,
    delivery: Delivery | NewDelivery,
    now: datetime,
) -> None:
    """Record what became of a delivery, for whoever wants the proof."""
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
    outbox.record(session, event_type, delivery.id, delivery.version, state)
