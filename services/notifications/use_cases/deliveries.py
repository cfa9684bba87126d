"""What becomes of a delivery: claimed for an attempt, then delivered, failed, given up or withdrawn."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import DateTime, Uuid, any_, bindparam, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.notifications.channels.channel import DeliveryAttempt
from services.notifications.domain.retries import CLAIM
from services.notifications.queries.due_deliveries import attempts_of, due_deliveries
from services.notifications.tables import Delivery, Notice
from services.notifications.tables.deliveries import DONE, WAITING
from services.notifications.use_cases.delivery_events import DELIVERED, DELIVERY_FAILED, record_delivery
from services.notifications.use_cases.delivery_failures import tell_delivery_failure
from services.notifications.use_cases.notices import NOTICES_LOCK
from shared import context
from shared.database.transaction import Transaction
from shared.personal_identity import redact
from shared.publishing.outbox import Outbox

_LONGEST_ERROR: Final = 500
_MOMENT: Final = DateTime(timezone=True)
_NOT_YET_DELIVERED: Final = (
    select(Delivery)
    .where(col(Delivery.id) == any_(bindparam("ids", type_=ARRAY(Uuid))), col(Delivery.status).not_in(DONE))
    .order_by(col(Delivery.notice_id))  # whoever locks several deliveries does so in this order
    .with_for_update()
)
_RETRIED: Final = (
    select(Delivery)
    .join(Notice, col(Notice.id) == col(Delivery.notice_id))
    .where(
        (
            bindparam("ids", type_=ARRAY(Uuid)).is_(None)
            & ((col(Delivery.status) == "failed") | (col(Notice.created_at) >= bindparam("since", type_=_MOMENT)))
        )
        | (col(Delivery.id) == any_(bindparam("ids", type_=ARRAY(Uuid)))),
        ((col(Delivery.status) == "failed") & (col(Delivery.next_attempt_at) > bindparam("soon", type_=_MOMENT)))
        | (col(Delivery.status) == "exhausted"),
    )
    .order_by(col(Delivery.notice_id))
    .with_for_update(of=Delivery)
)
_STILL_WAITING: Final = (
    select(Delivery.id)
    .where(col(Delivery.notice_id) == any_(bindparam("notices", type_=ARRAY(Uuid))), col(Delivery.status).in_(WAITING))
    .order_by(col(Delivery.notice_id))
    .with_for_update()
)
_WITHDRAW: Final = (
    update(Delivery)
    .where(col(Delivery.id).in_(_STILL_WAITING))
    .values(
        status="withdrawn",
        next_attempt_at=None,
        last_error="the recipient has left",
        version=col(Delivery.version) + 1,
    )
)


async def claim_due(
    tx: Transaction, channel: str, now: datetime, claimed_until: datetime, limit: int
) -> list[DeliveryAttempt]:
    """Claim up to `limit` deliveries of a channel that are due at `now`: until `claimed_until` nobody else does.

    Deliveries that another transaction is just claiming are passed over.
    """
    due = await due_deliveries(tx, channel, now, limit)
    if not due:
        return []
    for delivery in due:
        delivery.attempts += 1
        delivery.next_attempt_at = claimed_until
    tx.update(*due)
    return await attempts_of(tx, channel, due)


async def mark_delivered(
    tx: Transaction, outbox: Outbox, sent: Sequence[tuple[DeliveryAttempt, str]], now: datetime
) -> None:
    """Write down which attempts succeeded, each with the id of its message, and tell the platform.

    A delivery that was marked before, by an attempt that ran beside this one, is not told of again.
    """
    by_id = {attempt.delivery_id: (attempt, message_id) for attempt, message_id in sent}
    for delivery in await tx.all(_NOT_YET_DELIVERED, {"ids": list(by_id)}):
        attempt, delivery.message_id = by_id[delivery.id]
        delivery.reader = attempt.reader
        delivery.status = "delivered"
        delivery.next_attempt_at = delivery.last_error = None
        delivery.delivered_at = now
        delivery.version += 1
        tx.update(delivery)
        with context.using(context.following(attempt.notice.correlation_id, attempt.notice.traceparent)):
            record_delivery(tx, outbox, DELIVERED, attempt.notice, delivery, now)


async def mark_failed(tx: Transaction, attempt: DeliveryAttempt, reason: str, again_at: datetime) -> None:
    """Write down that an attempt failed, why, and when the next one is due."""
    if delivery := await _still_in_hand(tx, attempt):
        _end_attempt(tx, delivery, "failed", reason, again_at)


async def withdraw(tx: Transaction, attempt: DeliveryAttempt) -> None:
    """Write down that there is nowhere to deliver to."""
    if delivery := await _still_in_hand(tx, attempt):
        _end_attempt(tx, delivery, "withdrawn", "the recipient has left, or has no address any more")


async def give_up(tx: Transaction, outbox: Outbox, attempt: DeliveryAttempt, reason: str, now: datetime) -> None:
    """Write down that no further attempt follows, and tell the platform and those who can see to it."""
    await tx.advisory_lock(NOTICES_LOCK)
    if delivery := await _still_in_hand(tx, attempt):
        _end_attempt(tx, delivery, "exhausted", reason)
        await tell_that_it_failed(tx, outbox, attempt.notice, delivery, now)


async def tell_that_it_failed(
    tx: Transaction, outbox: Outbox, notice: Notice, delivery: Delivery, now: datetime
) -> None:
    """Tell the platform that a notice did not reach its recipient, and those who can see to it.

    The caller holds NOTICES_LOCK.
    """
    with context.using(context.following(notice.correlation_id, notice.traceparent)):
        event = record_delivery(tx, outbox, DELIVERY_FAILED, notice, delivery, now)
        if event is not None:
            await tell_delivery_failure(tx, outbox, event, notice, delivery)


async def retry_now(tx: Transaction, only: Sequence[UUID] | None, given_up_since: datetime, now: datetime) -> int:
    """Have deliveries attempted at once that failed, and those that were given up anew from the first attempt on.

    Those of the ids in `only`, else all that failed and all whose notice is not older than `given_up_since`. One that
    is due within the time of a claim is left alone: it may be in hand just now. Returns how many were.
    """
    asked = {"ids": None if only is None else list(only), "since": given_up_since, "soon": now + CLAIM}
    found = await tx.all(_RETRIED, asked)
    for delivery in found:
        if delivery.status == "exhausted":
            delivery.status, delivery.attempts = "failed", 0
            delivery.version += 1
        delivery.next_attempt_at = now
        tx.update(delivery)
    return len(found)


async def withdraw_waiting(tx: Transaction, notices: Sequence[UUID]) -> None:
    """Withdraw the deliveries of notices that still wait to be made, for the recipients have left."""
    await tx.execute(_WITHDRAW, {"notices": notices})


async def _still_in_hand(tx: Transaction, attempt: DeliveryAttempt) -> Delivery | None:
    """The delivery, locked; None when it has ended meanwhile, or a later attempt has begun."""
    delivery = await tx.get_one(Delivery, attempt.delivery_id, lock=True)
    return delivery if delivery.status in WAITING and delivery.attempts == attempt.number else None


def _end_attempt(
    tx: Transaction, delivery: Delivery, status: str, reason: str, again_at: datetime | None = None
) -> None:
    delivery.status = status
    delivery.last_error = as_kept(reason)
    delivery.next_attempt_at = again_at
    delivery.version += 1
    tx.update(delivery)


def as_kept(reason: str) -> str:
    """A reason as it is kept: what a server said, without personal identity codes, and not without end."""
    return redact(_plain(reason))[:_LONGEST_ERROR]


def _plain(reason: str) -> str:
    """What a server said, without what no text of the database can hold."""
    return "".join(letter if letter.isprintable() else " " for letter in reason)
