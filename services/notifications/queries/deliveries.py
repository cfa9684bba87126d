"""How the notices to an organisation went."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, bindparam, func, or_, union_all
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from services.notifications.queries import visibility
from services.notifications.tables import Delivery, Notice
from shared.actors import Actor
from shared.database.transaction import Transaction

_of_delivery = col(Notice.id) == col(Delivery.notice_id)
_NEWEST_FIRST: Final = (col(Notice.id).desc(), col(Delivery.id).desc())
"""By the notice, for it knows the organisation: an index of that leads straight to the newest."""

_earlier = aliased(Delivery)
_before: Final = bindparam("before", type_=Uuid)
_notice_before: Final = func.coalesce(
    select(_earlier.notice_id).where(col(_earlier.id) == _before).scalar_subquery(),
    _before,  # where it is gone: a notice is older than its deliveries, and ids go by time
)


async def deliveries_of_organization(
    tx: Transaction,
    actor: Actor,
    *,
    limit: int,
    before: UUID | None = None,
    referral_id: UUID | None = None,
    status: Sequence[str] | None = None,
) -> list[tuple[Delivery, Notice]]:
    """The deliveries of the newest notices about referrals to the actor's organisation, newest first.

    Of all, or of those that stand after the delivery with the id `before`, about the referral `referral_id`, or that
    stand in one of the states `status`.
    """
    wanted = [visibility.told_to_organization_of(actor), col(Notice.referral_id).is_not(None)]
    if referral_id is not None:
        wanted.append(col(Notice.referral_id) == referral_id)
    if status:
        wanted.append(col(Delivery.status).in_(status))
    are_undelivered = status and "delivered" not in status and referral_id is None
    if before is not None:  # said of the table whose index is read
        notice_id = col(Delivery.notice_id) if are_undelivered else col(Notice.id)
        wanted += [notice_id <= _notice_before, or_(notice_id < _notice_before, col(Delivery.id) < _before)]
    if are_undelivered:
        wanted = [col(Delivery.id).in_(_undelivered(actor, wanted, limit))]
    query = select(Delivery, Notice).join(Notice, _of_delivery).where(*wanted)
    return await tx.tuples(query.order_by(*_NEWEST_FIRST).limit(limit), {"before": before} if before else {})


def _undelivered(actor: Actor, wanted: list[ColumnElement[bool]], limit: int) -> Select[Any]:
    """The newest that have not been delivered: of those that name the organisation, and of those of a former version.

    Each lies in one piece of an index in that order, whose condition stands here as it does there.
    """
    is_undelivered = col(Delivery.status) != bindparam(None, "delivered", literal_execute=True)
    pieces = (col(Delivery.organization_id) == actor.organization_id, col(Delivery.organization_id).is_(None))
    found = union_all(
        *(
            select(Delivery.id)
            .join(Notice, _of_delivery)
            .where(piece, is_undelivered, *wanted)
            .order_by(*_NEWEST_FIRST)
            .limit(limit)
            for piece in pieces
        )
    ).subquery()
    return select(found.c.id)
