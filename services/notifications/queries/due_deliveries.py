"""Deliveries that are due, and what an attempt of them has to know of notice and recipient."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import DateTime, Integer, Text, Uuid, any_, bindparam, case, func
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, aggregate_order_by
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from services.notifications.channels.channel import DeliveryAttempt
from services.notifications.queries.people import MAY_ACT
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
_told = aliased(Notice)
_made = aliased(Delivery)
# What the channel has delivered to the recipient of a notice about its referral: reader and id of each message.
_EARLIER: Final = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(_made.reader, _made.message_id), col(_made.delivered_at), col(_made.id)
            ),
            type_=JSONB,
        )
    )
    .join(_told, col(_told.id) == col(_made.notice_id))
    .where(
        col(_told.referral_id) == col(Notice.referral_id),
        col(_told.recipient_organization_id) == col(Notice.recipient_organization_id),
        col(_told.recipient_member_id).is_not_distinct_from(col(Notice.recipient_member_id)),
        col(_made.channel) == bindparam("channel", type_=Text),
        col(_made.status) == "delivered",
        col(_made.message_id).is_not(None),
    )
    .correlate(Notice)
    .scalar_subquery()
)
_ADDRESSED: Final = (
    select(
        Notice,
        func.coalesce(Notice.to_address, case((_to_a_desk, col(Organization.email)), else_=col(Member.email))),
        LANGUAGE,
        # An organisation that was deactivated gets no mail at its desk. A former address has nobody who could leave.
        col(Notice.to_address).is_(None) & ~case((_to_a_desk, col(Organization.active).is_(True)), else_=MAY_ACT),
    )
    .add_columns(_EARLIER)
    .outerjoin(Organization, col(Organization.id) == col(Notice.recipient_organization_id))
    .outerjoin(Member, col(Member.id) == col(Notice.recipient_member_id))
    .outerjoin(Preference, col(Preference.member_id) == col(Notice.recipient_member_id))
    .where(col(Notice.id) == any_(bindparam("notices", type_=ARRAY(Uuid))))
)


async def due_deliveries(tx: Transaction, channel: str, now: datetime, limit: int) -> list[Delivery]:
    """Up to `limit` deliveries of a channel that are due at `now`, locked; those that are locked are passed over."""
    return await tx.all(_DUE, {"channel": channel, "now": now, "most": limit})


async def attempts_of(tx: Transaction, channel: str, deliveries: Sequence[Delivery]) -> list[DeliveryAttempt]:
    """The attempt that each delivery of a channel is in, with its notice and recipient."""
    asked = {"channel": channel, "notices": [delivery.notice_id for delivery in deliveries]}
    found = {notice.id: (notice, *recipient) for notice, *recipient in await tx.tuples(_ADDRESSED, asked)}
    return [_attempt(delivery, *found[delivery.notice_id]) for delivery in deliveries]


def _attempt(
    delivery: Delivery, notice: Notice, email: str | None, language: str, left: bool, made: list[list[str]] | None
) -> DeliveryAttempt:
    # Nobody knows who reads the mail of a desk, so it is written in every language.
    languages = LANGUAGES if notice.recipient_member_id is None else (language,)
    attempt = DeliveryAttempt(delivery.id, delivery.attempts, notice, email, languages, recipient_left=left)
    return replace(attempt, earlier=tuple(name for reader, name in made or () if reader == attempt.reader))
