"""Recipients: which services a client can be referred to, and who receives the referral there."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, or_
from sqlmodel import col, select

from services.referral.tables import Member, Organization, Service
from services.referral.work import ActorWork
from shared.problems import Problem, invalid

_RECIPIENT = (
    select(Service, Organization)
    .join(Organization, or_(col(Organization.id) == Service.organization_id, col(Organization.id) == bindparam("own")))
    .where(Service.id == bindparam("service"))
)
_DESK = select(Member.id).where(
    Member.organization_id == bindparam("organization"), col(Member.active), col(Member.roles).contains(["recipient"])
)


async def referable_service(work: ActorWork, service_id: UUID) -> Service:
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


async def desk_of(work: ActorWork, organization_id: UUID) -> Sequence[UUID]:
    """The members who receive referrals at an organisation. Raises 422 where there are none."""
    desk = sorted(row.id for row in await work.read(_DESK, {"organization": organization_id}))
    if not desk:
        detail = "Nobody receives referrals at this organisation at the moment. Choose another service, or call them."
        raise _refusal(detail, "no-desk")
    return desk


async def suggestable_service(work: ActorWork, service_id: UUID, instead_of: UUID) -> Service:
    """A service that a decline may suggest instead of the one declined. Raises 422."""
    service = (await work.facts(Service, [service_id])).get(service_id)
    if service is None or service.status != "active" or service.id == instead_of:
        detail = "Suggest another service of the catalogue that is active."
        raise invalid(detail, [{"field": "suggested_service_id", "message": detail}], name="unknown-service")
    return service


async def _with_organization(work: ActorWork, service_id: UUID) -> tuple[Service | None, Organization | None]:
    """A service and its organisation. The own organisation is read with them, for who shows the referral."""
    if not work.knows(service_id):
        found = await work.read(_RECIPIENT, {"service": service_id, "own": work.actor.organization_id})
        work.remember_facts(fact for row in found for fact in row)
    service = (await work.facts(Service, [service_id])).get(service_id)
    if service is None:
        return None, None
    return service, (await work.facts(Organization, [service.organization_id])).get(service.organization_id)


def _refusal(detail: str, name: str) -> Problem:
    return invalid(detail, [{"field": "service_id", "message": detail}], name=name)
