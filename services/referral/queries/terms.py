"""The terms on which a service answers: its days to answer and to expire, and when its organisation is closed."""

from collections.abc import Sequence
from uuid import UUID

from services.referral.domain import deadlines
from services.referral.domain.deadlines import Terms
from services.referral.tables.catalog_facts import CatalogOrganization, CatalogService
from services.referral.unit_of_work import UnitOfWork
from shared.events.catalog import Closure


def terms_of(service: CatalogService | None, urgency: str) -> Terms:
    """The terms of a referral to `service` that is sent now; the platform's, should the copy not know the service."""
    if service is None:
        return deadlines.terms(urgency, None, None, None)
    return deadlines.terms(urgency, service.response_days, service.urgent_response_days, service.expiry_days)


async def closures_of(work: UnitOfWork, organization_ids: Sequence[UUID]) -> dict[UUID, list[Closure]]:
    """The closures of organisations, as this unit of work knows them; none for one that is not known."""
    known = await work.facts(CatalogOrganization, organization_ids)
    return {each: list(known[each].closures) if each in known else [] for each in organization_ids}
