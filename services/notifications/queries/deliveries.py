"""How the notices to an organisation went."""

from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, bindparam, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from services.notifications.queries import visibility
from services.notifications.tables import Delivery, Notice
from shared.actors import Actor
from shared.database.transaction import Transaction

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
    query = (
        select(Delivery, Notice)
        .join(Notice, col(Notice.id) == col(Delivery.notice_id))
        .where(visibility.told_to_organization_of(actor), col(Notice.referral_id).is_not(None))
    )
    if referral_id is not None:
        query = query.where(Notice.referral_id == referral_id)
    if status:
        query = query.where(*_stand_in(status))
    if before is not None:
        query = query.where(
            col(Notice.id) <= _notice_before, or_(col(Notice.id) < _notice_before, col(Delivery.id) < _before)
        )
    # By the notice, for it knows the organisation: an index of that leads straight to the newest.
    newest_first = query.order_by(col(Notice.id).desc(), col(Delivery.id).desc())
    return await tx.tuples(newest_first.limit(limit), {"before": before} if before else {})


def _stand_in(status: Sequence[str]) -> Iterator[ColumnElement[bool]]:
    yield col(Delivery.status).in_(status)
    if "delivered" not in status:  # written as it stands in the index, for the planner has to see that it is the same
        yield col(Delivery.status) != bindparam(None, "delivered", literal_execute=True)
