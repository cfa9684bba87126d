"""Notices: made once per event and recipient, each with its deliveries, and marked as seen."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import text, update
from sqlmodel import SQLModel, col

from services.notifications.domain.channels import INBOX
from services.notifications.domain.wording import About, Facts
from services.notifications.queries.visibility import told_to
from services.notifications.tables import Delivery, Notice
from services.notifications.use_cases.delivery_events import DELIVERED, record_delivery
from services.notifications.use_cases.recipients import Recipient
from shared import context, tracing
from shared.actors import Actor
from shared.clock import utc_now
from shared.database.rows import values_of
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox

NOTICES_LOCK: Final = "notices"
"""Name of the advisory lock of each transaction that makes notices or changes who is to be told.

One transaction at a time holds it. So the notices of a member are committed in the order of their numbers, and nobody
is told who leaves at the same moment. It is taken before any other lock, so that transactions never wait for each other
in a circle.
"""

# Recipients who have a notice of the event already are left out; the others get the next numbers of their inboxes.
_WRITE: Final = text("""
WITH fresh AS MATERIALIZED (
    SELECT asked.*, row_number() OVER (same_inbox ORDER BY asked.id) AS place, count(*) OVER same_inbox AS many
    FROM json_populate_recordset(CAST(NULL AS notices), CAST(:notices AS json)) AS asked
    WHERE NOT EXISTS (
        SELECT FROM notices AS told WHERE told.event_id = asked.event_id
        AND told.recipient_organization_id = asked.recipient_organization_id
        AND told.recipient_member_id IS NOT DISTINCT FROM asked.recipient_member_id
    )
    WINDOW same_inbox AS (PARTITION BY asked.recipient_member_id)
), counted AS (
    INSERT INTO counters (member_id, last_number)
    SELECT recipient_member_id, count(*) FROM fresh WHERE recipient_member_id IS NOT NULL GROUP BY recipient_member_id
    ON CONFLICT (member_id) DO UPDATE SET last_number = counters.last_number + excluded.last_number
    RETURNING member_id, last_number
), made AS (
    INSERT INTO notices (
        id, event_id, event_type, correlation_id, traceparent, referral_id, reference,
        recipient_organization_id, recipient_member_id, to_address, number, about, created_at
    ) SELECT
        id, event_id, event_type, correlation_id, traceparent, referral_id, reference,
        recipient_organization_id, recipient_member_id, to_address, last_number - many + place, about, created_at
    FROM fresh LEFT JOIN counted ON member_id = recipient_member_id
), delivered AS (
    INSERT INTO deliveries (
        id, notice_id, organization_id, channel, status, attempts, next_attempt_at, delivered_at, version
    ) SELECT id, notice_id, organization_id, channel, status, attempts, next_attempt_at, delivered_at, version
    FROM json_populate_recordset(CAST(NULL AS deliveries), CAST(:deliveries AS json))
    WHERE notice_id IN (SELECT id FROM fresh)
)
SELECT id FROM fresh
""")


@dataclass(frozen=True)
class Cause:
    """The event that a notice tells about, and what the notice may show; of no referral where it is about none.

    `within` is the context in which it is told, which is not always that of the event.
    """

    event_id: UUID
    event_type: str
    correlation_id: str
    referral_id: UUID | None
    about: Facts
    within: context.Context = field(default_factory=context.current)


async def make_notices(tx: Transaction, outbox: Outbox, *told: Mapping[Recipient, Cause]) -> None:
    """Make a notice for each recipient of an event, unless it has one of that event already: each of `told` is of one.

    The caller holds NOTICES_LOCK. The delivery to a member's inbox is done with that; deliveries by other channels are
    left to the delivery queue.
    """
    now = utc_now()
    asked = [_Asked.of(cause, who, now) for each in told for who, cause in sorted(each.items(), key=_place)]
    if not asked:
        return
    written = {
        "notices": _as_json(each.notice for each in asked),
        "deliveries": _as_json(chain.from_iterable(each.deliveries for each in asked)),
    }
    made = set((await tx.execute(_WRITE, written)).scalars())
    for each in asked:
        if each.notice.id in made and each.notice.recipient_member_id is not None:
            in_inbox, *_ = each.deliveries
            with context.using(each.within):
                record_delivery(tx, outbox, DELIVERED, each.notice, in_inbox, now)


@dataclass(frozen=True)
class _Asked:
    """A notice that is written unless it is there, with its deliveries; `within` is the context of its cause.

    Ids are given one after the other: those of its deliveries lie between its own and the next notice's. By that a
    list of deliveries goes on after one that is gone.
    """

    notice: Notice
    deliveries: Sequence[Delivery]
    within: context.Context

    @classmethod
    def of(cls, cause: Cause, who: Recipient, now: datetime) -> "_Asked":
        notice = _notice(cause, who, now)
        return cls(notice, list(_deliveries(notice, who, now)), cause.within)


def _place(item: tuple[Recipient, Cause]) -> tuple[UUID, str]:
    who, _ = item
    return who.organization_id, str(who.member_id)


def _deliveries(notice: Notice, who: Recipient, now: datetime) -> Iterator[Delivery]:
    """How a notice goes to its recipient: first to a member's inbox."""
    to_whom = partial(Delivery, notice_id=notice.id, organization_id=who.organization_id)
    if who.member_id is not None:
        yield to_whom(channel=INBOX, status="delivered", attempts=1, delivered_at=now)
    for channel in sorted(who.channels):
        yield to_whom(channel=channel, status="pending", next_attempt_at=now)


def _notice(cause: Cause, who: Recipient, now: datetime) -> Notice:
    return Notice(
        event_id=cause.event_id,
        event_type=cause.event_type,
        correlation_id=cause.correlation_id,
        traceparent=cause.within.traceparent if tracing.is_on() else None,
        referral_id=cause.referral_id,
        reference=cause.about.reference if isinstance(cause.about, About) else None,
        recipient_organization_id=who.organization_id,
        recipient_member_id=who.member_id,
        to_address=who.address,
        about=cause.about.model_copy(update={"to_coordinator": who.as_coordinator}).model_dump(mode="json"),
        created_at=now,
    )


def _as_json(rows: Iterable[SQLModel]) -> str:
    return to_json([values_of(row) for row in rows]).decode()


async def mark_all_seen(tx: Transaction, actor: Actor, newest: Notice) -> None:
    """Write down that the actor has seen a notice of its own and all older ones. Only the first time counts."""
    await tx.execute(
        update(Notice)
        .where(told_to(actor), col(Notice.id) <= newest.id, col(Notice.seen_at).is_(None))
        .values(seen_at=utc_now())
    )


async def mark_seen(tx: Transaction, notice: Notice) -> Notice:
    """Write down that the recipient has seen a notice. Only the first time counts."""
    await tx.refresh(notice, lock=True)
    if notice.seen_at is None:
        notice.seen_at = utc_now()
        tx.update(notice)
    return notice
