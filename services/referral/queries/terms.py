"""The terms on which a service answers: its days to answer and to expire, and when its organisation is closed."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.referral.domain import deadlines
from services.referral.domain.deadlines import Terms
from services.referral.tables import Organization, Service
from services.referral.unit_of_work import UnitOfWork
from shared.events.catalog import Closure

_ORGANIZATIONS = select(Organization).where(col(Organization.id) == any_(bindparam("ids", type_=ARRAY(Uuid))))


def terms_of(service: Service | None, urgency: str) -> Terms:
    """The terms of a referral to `service` that is sent now; the platform's, should the copy not know the service."""
    if service is None:
        return deadlines.terms(urgency, None, None, None)
    return deadlines.terms(urgency, service.response_days, service.urgent_response_days, service.expiry_days)


async def closures_of(work: UnitOfWork, organization_ids: Collection[UUID]) -> dict[UUID, list[Closure]]:
    """The closures of organisations as the copy has them now; none for one that is not known."""
    found = await work.tx.all(_ORGANIZATIONS, {"ids": list(organization_ids)})
    return {each: [] for each in organization_ids} | {each.id: each.closed_days for each in found}
