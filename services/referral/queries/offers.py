"""Offers: how a service would answer a referral sent now, and which others could take an expired one."""

from sqlmodel import col, select

from services.referral.domain import deadlines
from services.referral.domain.alternative_services import next_best
from services.referral.domain.working_time import closed_on
from services.referral.queries.recipients import Recipient
from services.referral.queries.terms import terms_of
from services.referral.schemas.parts import Named
from services.referral.schemas.sending import Answering, OfferedService
from services.referral.tables import Member, Organization, Referral, Service
from services.referral.unit_of_work import UnitOfWork

_NO_ROOM = "no-capacity"


def answering(work: UnitOfWork, recipient: Recipient, urgency: str) -> Answering:
    """By when a referral to a service would be answered if it were sent now, and whether anything stands in the way."""
    service, closures = recipient.service, recipient.organization.closed_days
    closed_until = closed_on(work.now, closures)
    ready = recipient.organization.active and service.status == "active" and bool(recipient.desk)
    return Answering(
        respond_by=deadlines.respond_by(work.now, terms_of(service, urgency), closures),
        closed_until=closed_until,
        capacity=service.capacity,
        accepting=ready and closed_until is None and service.capacity != _NO_ROOM,
    )


async def next_best_services(work: UnitOfWork, referral: Referral) -> list[OfferedService]:
    """Up to three services that could take the client of an expired referral, the best first."""
    expired = await work.tx.get(Service, referral.service_id)
    has_desk = select(Member.id).where(col(Member.organization_id) == col(Organization.id), *_RECEIVES).exists()
    query = (
        select(Service, Organization)
        .join(Organization, col(Organization.id) == col(Service.organization_id))
        .where(
            col(Service.id) != referral.service_id,
            col(Organization.id) != referral.source_organization_id,
            col(Service.status) == "active",
            col(Service.capacity) != _NO_ROOM,
            col(Organization.active),
            has_desk,
        )
    )
    found = {service.id: (service, organization) for service, organization in await work.tx.tuples(query)}
    offers = [
        service for service, organization in found.values() if closed_on(work.now, organization.closed_days) is None
    ]
    groups = expired.target_groups if expired else []
    best = next_best(groups, referral.language, referral.target_organization_id, offers)
    return [_offered(*found[service_id]) for service_id in best]


_RECEIVES = (col(Member.active), col(Member.roles).contains(["recipient"]))


def _offered(service: Service, organization: Organization) -> OfferedService:
    return OfferedService(
        id=service.id,
        name=service.names,
        organization=Named(id=organization.id, name=organization.names),
        languages=service.languages,
        capacity=service.capacity,
    )
