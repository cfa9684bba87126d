"""Deliveries that are due, and what an attempt of them has to know of notice and recipient."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import DateTime, Integer, Text, Uuid, any_, bindparam, case
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.notifications.channels.channel import DeliveryAttempt
from services.notifications.queries.preferences import LANGUAGE
from services.notifications.tables import Delivery, Member, Notice, Organization, Preference
from services.notifications.texts import LANGUAGES
from shared.database.transaction import Transaction

_to_a_desk = col(Notice.recipient_member_id).is_(None)
_DUE: Final = (
    select(Delivery)
    .where(
        col(Delivery.channel) == bindparam("channel", type_=Text),
        col(Delivery.next_attempt_at) <= bindparam("now", type_=DateTime(timezone=True)),
    )
    .order_by(col(Delivery.next_attempt_at))
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_ADDRESSED: Final = (
    select(
        Notice,
        case((_to_a_desk, col(Organization.email)), else_=col(Member.email)),
        LANGUAGE,
        ~_to_a_desk & col(Member.active).is_not(True),
    )
    .outerjoin(Organization, col(Organization.id) == col(Notice.recipient_organization_id))
    .outerjoin(Member, col(Member.id) == col(Notice.recipient_member_id))
    .outerjoin(Preference, col(Preference.member_id) == col(Notice.recipient_member_id))
    .where(col(Notice.id) == any_(bindparam("notices", type_=ARRAY(Uuid))))
)


async def due_deliveries(tx: Transaction, channel: str, now: datetime, limit: int) -> list[Delivery]:
    """Up to `limit` deliveries of a channel that are due at `now`, locked; those that are locked are passed over."""
    return await tx.all(_DUE, {"channel": channel, "now": now, "most": limit})


async def attempts_of(tx: Transaction, deliveries: Sequence[Delivery]) -> list[DeliveryAttempt]:
    """The attempt that each delivery is in, with its notice and recipient."""
    asked = {"notices": [delivery.notice_id for delivery in deliveries]}
    found = {notice.id: (notice, *recipient) for notice, *recipient in await tx.tuples(_ADDRESSED, asked)}
    attempts = []
    for delivery in deliveries:
        notice, email, language, left = found[delivery.notice_id]
        # Nobody knows who reads the mail of a desk, so it is written in every language.
        languages = LANGUAGES if notice.recipient_member_id is None else (language,)
        attempts.append(DeliveryAttempt(delivery.id, delivery.attempts, notice, email, languages, recipient_left=left))
    return attempts
