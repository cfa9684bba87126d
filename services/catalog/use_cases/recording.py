"""What the catalogue publishes when a row has changed: its whole state, with the row's version as sequence."""

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.domain.texts import as_names
from services.catalog.tables import Closure, Member, Organization, Service
from shared.events import catalog as contract
from shared.publishing.outbox import Outbox


async def record_organization_change(session: AsyncSession, outbox: Outbox, organization: Organization) -> None:
    """Record the organisation's state, closures as they stand in the session's transaction included."""
    mine = select(Closure).where(Closure.organization_id == organization.id).order_by("starts_on")
    closures = (await session.exec(mine)).all()
    state = contract.OrganizationState(
        id=organization.id,
        slug=organization.slug,
        name=as_names(organization.name),
        active=organization.active,
        email=organization.email,
        closures=tuple(contract.Closure(starts_on=each.starts_on, ends_on=each.ends_on) for each in closures),
    )
    outbox.record(session, "catalog.organization_changed.v1", organization.id, organization.version, state)


def record_service_change(session: AsyncSession, outbox: Outbox, service: Service) -> None:
    """Record the service's state."""
    state = contract.ServiceState.model_validate(
        {
            "id": service.id,
            "slug": service.slug,
            "organization_id": service.organization_id,
            "name": as_names(service.name),
            "status": service.status,
            "languages": service.languages,
            "target_groups": service.target_groups,
            "capacity": service.capacity,
            "response_days": service.response_days,
            "urgent_response_days": service.urgent_response_days,
            "expiry_days": service.expiry_days,
        }
    )
    outbox.record(session, "catalog.service_changed.v1", service.id, service.version, state)


def record_member_change(session: AsyncSession, outbox: Outbox, member: Member) -> None:
    """Record the member's state."""
    state = contract.MemberState.model_validate(
        {
            "id": member.id,
            "organization_id": member.organization_id,
            "email": member.email,
            "language": member.language,
            "roles": member.roles,
            "active": member.active,
            "deputy_id": member.deputy_id,
        }
    )
    outbox.record(session, "catalog.member_changed.v1", member.id, member.version, state)
