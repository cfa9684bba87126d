"""Making notices: one per event and recipient, each with its deliveries, in the transaction of its cause."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain import About
from services.notifications.tables import Delivery, Notice, Preference
from shared.clock import utc_now
from shared.events.notification import DeliveryState
from shared.outbox import Outbox

_TAKE_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('notices', 0))")
_COUNT_UP = text(
    "INSERT INTO counters (member_id, last_number) SELECT unnest(CAST(:ids AS uuid[])), 1 "
    "ON CONFLICT (member_id) DO UPDATE SET last_number = counters.last_number + 1 RETURNING member_id, last_number"
)


async def take_turn(session: AsyncSession) -> None:
    """Wait until no other transaction makes notices or changes who is to be told; held until the commit.

    So a number given later is committed later, and nobody is told who leaves in this very moment.
    It is taken before any other lock, which leaves two workers nothing to wait for each other in a ring.
    """
    await session.execute(_TAKE_TURN)


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


async def make_notices(
    session: AsyncSession, outbox: Outbox, cause: Cause, recipients: Collection[Recipient]
) -> list[Notice]:
    """Tell `recipients` of `cause`, save those who were told already; returns the new notices.

    The caller has taken its turn. A member finds the notice in the inbox at once; mail waits to be sent.
    """
    told = await _told_already(session, cause.event_id)
    fresh = sorted(set(recipients) - told, key=lambda who: (who.organization_id, str(who.member_id)))
    members = [who.member_id for who in fresh if who.member_id is not None]
    numbers = await _next_numbers(session, members)
    without_mail = await _without_mail(session, members)
    now = utc_now()
    made = [_notice(cause, who, numbers, now) for who in fresh]
    session.add_all(made)
    await session.flush()  # deliveries refer to them
    for notice in made:
        if notice.recipient_member_id is not None:
            _deliver_to_inbox(session, outbox, notice, now)
        if notice.recipient_member_id not in without_mail:
            session.add(Delivery(notice_id=notice.id, channel="email", status="pending", next_attempt_at=now))
    await session.flush()
    return made


async def _told_already(session: AsyncSession, event_id: UUID) -> set[Recipient]:
    columns = select(Notice.recipient_organization_id, Notice.recipient_member_id)
    found = await session.exec(columns.where(Notice.event_id == event_id))
    return {Recipient(organization_id, member_id) for organization_id, member_id in found}


async def _next_numbers(session: AsyncSession, member_ids: Sequence[UUID]) -> dict[UUID, int]:
    if not member_ids:
        return {}
    rows: Any = await session.execute(_COUNT_UP, {"ids": list(member_ids)})
    return {row.member_id: row.last_number for row in rows}


async def _without_mail(session: AsyncSession, member_ids: Sequence[UUID]) -> set[UUID]:
    off = select(Preference.member_id).where(col(Preference.member_id).in_(member_ids), ~col(Preference.email))
    return set(await session.exec(off))


def _notice(cause: Cause, who: Recipient, numbers: dict[UUID, int], now: datetime) -> Notice:
    return Notice(
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


def _deliver_to_inbox(session: AsyncSession, outbox: Outbox, notice: Notice, now: datetime) -> None:
    delivery = Delivery(notice_id=notice.id, channel="inbox", status="delivered", attempts=1, delivered_at=now)
    session.add(delivery)
    tell_delivery(session, outbox, "notification.delivered.v1", notice, delivery, now)


def tell_delivery(
    session: AsyncSession, outbox: Outbox, event_type: str, notice: Notice, delivery: Delivery, now: datetime
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
