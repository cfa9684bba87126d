"""What becomes of a delivery: claimed for an attempt, then delivered, failed, given up or withdrawn."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlmodel import col, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.channels.channel import DeliveryAttempt
from services.notifications.tables import Delivery, Notice
from services.notifications.tables.deliveries import WAITING
from services.notifications.texts import LANGUAGES
from services.notifications.use_cases.delivery_events import DELIVERED, DELIVERY_FAILED, record_delivery
from services.notifications.use_cases.delivery_failures import tell_delivery_failure
from services.notifications.use_cases.notices import NOTICES_LOCK
from services.notifications.use_cases.rows import PlainDelivery
from shared import context
from shared.consuming.inbox import take_turn
from shared.database.connections import run_plainly
from shared.personal_identity import redact
from shared.publishing.outbox import Outbox

_LONGEST_ERROR: Final = 500
_NOTICE: Final = tuple(Notice.model_fields)
_CLAIM_DUE: Final = f"""
WITH due AS (
    SELECT id FROM deliveries WHERE channel = $4 AND next_attempt_at <= $1
    ORDER BY next_attempt_at LIMIT $3 FOR UPDATE SKIP LOCKED
), claimed AS (
    UPDATE deliveries SET attempts = attempts + 1, next_attempt_at = $2 FROM due WHERE deliveries.id = due.id
    RETURNING deliveries.id, notice_id, attempts
)
SELECT
    claimed.id AS delivery_id, claimed.attempts, coalesce(preferences.language, members.language) AS language,
    CASE WHEN recipient_member_id IS NULL THEN organizations.email ELSE members.email END AS email,
    recipient_member_id IS NOT NULL AND members.active IS NOT TRUE AS recipient_left,
    {", ".join(f"notices.{name}" for name in _NOTICE)}
FROM claimed JOIN notices ON notices.id = claimed.notice_id
LEFT JOIN organizations ON organizations.id = recipient_organization_id
LEFT JOIN members ON members.id = recipient_member_id
LEFT JOIN preferences ON preferences.member_id = recipient_member_id
ORDER BY claimed.id
"""  # noqa: S608 - nothing but the text above and names of columns
# Rows are locked in the order of their notices, as they are when the deliveries to somebody who leaves are withdrawn.
_MARK_DELIVERED: Final = """
WITH sent AS (
    SELECT id, named.message_id FROM deliveries JOIN unnest($1::uuid[], $2::text[]) AS named(id, message_id) USING (id)
    WHERE status <> 'delivered' ORDER BY notice_id FOR UPDATE OF deliveries
)
UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL, last_error = NULL, delivered_at = $3,
message_id = sent.message_id, version = version + 1
FROM sent WHERE deliveries.id = sent.id
RETURNING deliveries.id, notice_id, channel, status, attempts, version
"""


async def claim_due(
    session: AsyncSession, channel: str, now: datetime, claimed_until: datetime, limit: int
) -> list[DeliveryAttempt]:
    """Claim up to `limit` deliveries of a channel that are due at `now`: until `claimed_until` nobody else does.

    Deliveries that another transaction is just claiming are passed over.
    """
    return [_attempt(row) for row in await run_plainly(session, _CLAIM_DUE, now, claimed_until, limit, channel)]


def _attempt(row: Any) -> DeliveryAttempt:
    notice = Notice(**{name: row[name] for name in _NOTICE})
    # Nobody knows who reads the mail of a desk, so it is written in every language.
    languages = LANGUAGES if notice.recipient_member_id is None else (row["language"],)
    return DeliveryAttempt(
        row["delivery_id"], row["attempts"], notice, row["email"], languages, recipient_left=row["recipient_left"]
    )


async def mark_delivered(
    session: AsyncSession, outbox: Outbox, sent: Sequence[tuple[DeliveryAttempt, str]], now: datetime
) -> None:
    """Write down which attempts succeeded, each with the id of its message, and tell the platform.

    A delivery that was marked before, by an attempt that ran beside this one, is told of once.
    """
    notices = {attempt.delivery_id: attempt.notice for attempt, _ in sent}
    delivery_ids, message_ids = [attempt.delivery_id for attempt, _ in sent], [message_id for _, message_id in sent]
    for row in await run_plainly(session, _MARK_DELIVERED, delivery_ids, message_ids, now):
        notice = notices[row["id"]]
        with context.using(context.new_context(notice.correlation_id)):
            record_delivery(session, outbox, DELIVERED, notice, PlainDelivery(**row), now)


async def mark_failed(session: AsyncSession, attempt: DeliveryAttempt, reason: str, again_at: datetime) -> None:
    """Write down that an attempt failed, why, and when the next one is due."""
    if delivery := await _still_in_hand(session, attempt):
        _set(session, delivery, "failed", reason, again_at)


async def withdraw(session: AsyncSession, attempt: DeliveryAttempt) -> None:
    """Write down that there is nowhere to deliver to."""
    if delivery := await _still_in_hand(session, attempt):
        _set(session, delivery, "withdrawn", "the recipient has left, or has no address any more", None)


async def give_up(session: AsyncSession, outbox: Outbox, attempt: DeliveryAttempt, reason: str, now: datetime) -> None:
    """Write down that no further attempt follows, and tell the platform and those who can see to it."""
    await take_turn(session, NOTICES_LOCK)
    if delivery := await _still_in_hand(session, attempt):
        _set(session, delivery, "exhausted", reason, None)
        notice = attempt.notice
        with context.using(context.new_context(notice.correlation_id)):
            event = record_delivery(session, outbox, DELIVERY_FAILED, notice, delivery, now)
        await tell_delivery_failure(session, outbox, event, notice, delivery)


async def withdraw_waiting(session: AsyncSession, notice_id: UUID) -> None:
    """Withdraw the deliveries of a notice that have not been made, for its recipient has left."""
    waiting = update(Delivery).where(col(Delivery.notice_id) == notice_id, col(Delivery.status).in_(WAITING))
    gone = {"status": "withdrawn", "next_attempt_at": None, "last_error": "the recipient has left"}
    await session.execute(waiting.values(**gone, version=col(Delivery.version) + 1))


async def _still_in_hand(session: AsyncSession, attempt: DeliveryAttempt) -> Delivery | None:
    """The delivery, locked; None when it has ended meanwhile, or a later attempt has begun."""
    delivery = await session.get_one(Delivery, attempt.delivery_id, with_for_update=True)
    return delivery if delivery.status in WAITING and delivery.attempts == attempt.number else None


def _set(session: AsyncSession, delivery: Delivery, status: str, reason: str, again_at: datetime | None) -> None:
    delivery.status = status
    delivery.last_error = redact(reason)[:_LONGEST_ERROR]
    delivery.next_attempt_at = again_at
    delivery.version += 1
    session.add(delivery)
