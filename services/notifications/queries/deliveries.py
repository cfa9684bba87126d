"""How the notices to an organisation went."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel import col, select

from services.notifications.queries import visibility
from services.notifications.tables import Delivery, Notice
from shared.actors import Actor
from shared.database.transaction import Transaction


async def deliveries_of_organization(
    tx: Transaction,
    actor: Actor,
    *,
    limit: int,
    before: UUID | None = None,
    referral_id: UUID | None = None,
    status: Sequence[str] | None = None,
) -> list[tuple[Delivery, Notice]]:
    """The newest deliveries to the actor's organisation with their notices about referrals, newest first.

    Of all, or of those older than the delivery with the id `before`, about the referral `referral_id`, or that stand in
    one of the states `status`.
    """
    query = (
        select(Delivery, Notice)
        .join(Notice, col(Notice.id) == col(Delivery.notice_id))
        .where(visibility.told_to_organization_of(actor), col(Notice.referral_id).is_not(None))
    )
    if referral_id is not None:
        query = query.where(Notice.referral_id == referral_id)
    if status:
        query = query.where(col(Delivery.status).in_(status))
    if before is not None:
        query = query.where(col(Delivery.id) < before)
    return await tx.tuples(query.order_by(col(Delivery.id).desc()).limit(limit))
