"""Names of organisations and services, for the referrals that are about to be shown."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from services.referral.schemas.parts import Named
from services.referral.tables import Referral
from services.referral.tables.catalog_facts import CatalogOrganization, CatalogService
from services.referral.unit_of_work import UnitOfWork
from shared.events.envelope import Names


class NamesOf:
    """Names from the copy of the catalogue, fetched once for a list."""

    def __init__(self, organizations: dict[UUID, Names], services: dict[UUID, Names]) -> None:
        self._organizations = organizations
        self._services = services

    @classmethod
    async def referrals(cls, work: UnitOfWork, referrals: Sequence[Referral]) -> "NamesOf":
        """The names that showing `referrals` takes: two queries at most, however many there are."""
        organizations = {
            organization_id
            for referral in referrals
            for organization_id in (referral.source_organization_id, referral.target_organization_id)
        }
        services = {referral.service_id for referral in referrals}
        suggested = {referral.suggested_service_id for referral in referrals if referral.suggested_service_id}
        return await cls.of(work, organizations, services | suggested)

    @classmethod
    async def of(cls, work: UnitOfWork, organizations: Iterable[UUID], services: Iterable[UUID]) -> "NamesOf":
        """The names of these organisations and services."""
        return cls(
            {fact.id: fact.name for fact in (await work.facts(CatalogOrganization, organizations)).values()},
            {fact.id: fact.name for fact in (await work.facts(CatalogService, services)).values()},
        )

    def organization(self, organization_id: UUID) -> Named:
        """An organisation with its name, without one should the copy not know it yet."""
        return Named(id=organization_id, name=self._organizations.get(organization_id))

    def service(self, service_id: UUID) -> Named:
        """A service with its name, without one should the copy not know it yet."""
        return Named(id=service_id, name=self._services.get(service_id))
