"""Recipients: which services a client can be referred to, and who receives the referral there."""

from collections.abc import Sequence
from uuid import UUID

from pydantic import TypeAdapter

from services.referral.domain.references import new_reference
from services.referral.tables.catalog_facts import CatalogOrganization, CatalogService
from services.referral.unit_of_work import ActorUnitOfWork
from shared.database.connections import run_plainly
from shared.problems import Problem, invalid

_DESK = "SELECT id FROM members WHERE organization_id = {} AND active AND roles @> ARRAY['recipient'] ORDER BY id"
_DESK_OF = _DESK.format("$1")
_RECIPIENT = f"""
SELECT to_json(service)::text,
    (SELECT json_agg(its) FROM organizations AS its WHERE its.id IN (service.organization_id, $2))::text,
    ARRAY({_DESK.format("service.organization_id")}),
    EXISTS (SELECT FROM referrals WHERE reference = $3)
FROM services AS service WHERE service.id = $1
"""  # noqa: S608 - nothing in it comes from outside
_ORGANIZATIONS = TypeAdapter(list[CatalogOrganization])


async def referable_service(work: ActorUnitOfWork, service_id: UUID) -> CatalogService:
    """A service that clients can be referred to. Raises 422 for an unknown or inactive one, or one's own."""
    service, organization = await _with_organization(work, service_id)
    if service is None or organization is None:
        raise _refusal("There is no such service. Look it up in the catalogue.", "unknown-service")
    if service.status != "active":
        raise _refusal(f"The service is {service.status}. Choose another one.", "inactive-service")
    if not organization.active:
        raise _refusal(
            "The organisation of this service is no longer active. Choose another one.", "inactive-organization"
        )
    if organization.id == work.actor.organization_id:
        raise _refusal("This is a service of your own organisation; a referral goes to another one.", "own-service")
    return service


async def desk_of(work: ActorUnitOfWork, organization_id: UUID) -> Sequence[UUID]:
    """The members who receive referrals at an organisation. Raises 422 where there are none."""
    desk = work.desks.get(organization_id)
    if desk is None:
        desk = [member_id for (member_id,) in await run_plainly(work.session, _DESK_OF, organization_id)]
    if not desk:
        detail = "Nobody receives referrals at this organisation at the moment. Choose another service, or call them."
        raise _refusal(detail, "no-desk")
    return desk


async def suggestable_service(work: ActorUnitOfWork, service_id: UUID, instead_of: UUID) -> CatalogService:
    """A service that a decline may suggest instead of the one declined. Raises 422."""
    service = await work.fact(CatalogService, service_id)
    if service is None or service.status != "active" or service.id == instead_of:
        detail = "Suggest another service of the catalogue that is active."
        raise invalid(detail, [{"field": "suggested_service_id", "message": detail}], name="unknown-service")
    return service


async def _with_organization(
    work: ActorUnitOfWork, service_id: UUID
) -> tuple[CatalogService | None, CatalogOrganization | None]:
    """A service and its organisation.

    Read with them is what referring to it takes next: the own organisation, the desk, and a reference that is free.
    """
    if not work.knows(service_id):
        own, reference = work.actor.organization_id, new_reference()
        found_rows = await run_plainly(work.session, _RECIPIENT, service_id, own, reference)
        for its_row, organizations, desk, taken in found_rows:
            found = CatalogService.model_validate_json(its_row)
            work.remember_facts([found, *_ORGANIZATIONS.validate_json(organizations or "[]")])
            work.desks[found.organization_id] = desk
            work.free_references += [] if taken else [reference]
    service = await work.fact(CatalogService, service_id)
    return service, await work.fact(CatalogOrganization, service.organization_id) if service else None


def _refusal(detail: str, name: str) -> Problem:
    return invalid(detail, [{"field": "service_id", "message": detail}], name=name)
