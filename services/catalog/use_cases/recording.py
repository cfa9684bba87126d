"""What the catalogue publishes when a row has changed: its whole state, with the row's version as sequence."""

from collections.abc import Iterable

from services.catalog.domain.texts import as_names
from services.catalog.tables import Closure, Member, Organization, Service
from shared.database.transaction import Transaction
from shared.events import catalog as contract
from shared.publishing.outbox import Outbox


def record_organization_change(
    tx: Transaction,
    outbox: Outbox,
    organization: Organization,
    closures: Iterable[Closure],
    former_email: str | None = None,
) -> None:
    """Record the organisation's state, with all of its closures as they are now.

    `former_email` is the desk address that it had until now, where that has changed.
    """
    in_order = sorted(closures, key=lambda closure: closure.starts_on)
    state = contract.OrganizationState(
        id=organization.id,
        slug=organization.slug,
        name=as_names(organization.name),
        active=organization.active,
        email=organization.email,
        closures=tuple(contract.Closure(starts_on=each.starts_on, ends_on=each.ends_on) for each in in_order),
        former_email=former_email,
    )
    outbox.record(tx, "catalog.organization_changed.v1", organization.id, organization.version, state)


def record_service_change(tx: Transaction, outbox: Outbox, service: Service) -> None:
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
            "keywords": service.keywords or {},
            "service_areas": [as_names(area["name"]) for area in service.service_areas or ()],
            "minimum_age": service.minimum_age,
            "maximum_age": service.maximum_age,
            "typical_wait_days": service.typical_wait_days,
            "capacity": service.capacity,
            "response_days": service.response_days,
            "urgent_response_days": service.urgent_response_days,
            "expiry_days": service.expiry_days,
        }
    )
    outbox.record(tx, "catalog.service_changed.v1", service.id, service.version, state)


def record_member_change(
    tx: Transaction,
    outbox: Outbox,
    member: Member,
    *,
    former_email: str | None = None,
    invited: contract.Invited | None = None,
) -> None:
    """Record the member's state; with the address that it had until now, where that has changed.

    `invited`: an administrator has let the member in by this, who is to be told.
    """
    state = contract.MemberState.model_validate(
        {
            "id": member.id,
            "organization_id": member.organization_id,
            "email": member.email,
            "language": member.language,
            "roles": member.roles,
            "active": member.active,
            "deputy_id": member.deputy_id,
            "former_email": former_email,
            "invited": invited,
        }
    )
    outbox.record(tx, "catalog.member_changed.v1", member.id, member.version, state)
