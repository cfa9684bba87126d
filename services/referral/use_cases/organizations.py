"""Organisations that leave or return: what becomes of the referrals they have a part in."""

from typing import Final

from sqlmodel import col, select

from services.referral.domain.lifecycle import OPEN, Side
from services.referral.queries.chains import FROM_ABOVE
from services.referral.tables import Organization, Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.recording import record_aside

_EVENTS: Final = {False: "organization_deactivated", True: "organization_reactivated"}


async def record_organization(work: UnitOfWork, organization: Organization) -> None:
    """Record for each open referral of an organisation that it was deactivated, or is back, whichever it is now.

    Nothing else changes in them: deadlines run on, and the other side may end each as before.
    """
    sides = (Referral.source_organization_id == organization.id, Referral.target_organization_id == organization.id)
    under_way = (
        select(Referral)
        .where(sides[0] | sides[1], col(Referral.sent_at).is_not(None), col(Referral.status).in_(OPEN))
        .order_by(*FROM_ABOVE)
        .with_for_update()
    )
    for referral in await work.tx.all(under_way):
        side = Side.SOURCE if referral.source_organization_id == organization.id else Side.TARGET
        record_aside(work, referral, _EVENTS[organization.active], side)
