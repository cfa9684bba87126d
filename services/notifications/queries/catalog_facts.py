"""What the service's copies say about a referral: its organisations, its service, and everybody concerned."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeVar
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam, or_
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.notifications.domain.wording import About
from services.notifications.queries.people import People, people_of
from services.notifications.tables import Organization, Service
from shared.consuming.inbox import MissingDependency
from shared.database.transaction import Transaction
from shared.events.envelope import Names
from shared.events.referral import ReferralAssigned, ReferralState, Side

_these_services = col(Service.id) == any_(bindparam("services", type_=ARRAY(Uuid)))
_SERVICES: Final = select(Service).where(_these_services)
_ORGANIZATIONS: Final = select(Organization).where(
    or_(
        col(Organization.id) == any_(bindparam("organizations", type_=ARRAY(Uuid))),
        col(Organization.id).in_(select(Service.organization_id).where(_these_services)),
    )
)

_Fact = TypeVar("_Fact", Organization, Service)


@dataclass(frozen=True)
class Facts:
    """What a notice may show, the organisation that receives the referral, and everybody whom the rules may ask for.

    `people` are those of the referral's organisations, their deputies and whom the referral names, as far as known.
    """

    about: About
    target: Organization
    people: People


async def facts_about(
    tx: Transaction, referral: ReferralState, by_side: Side | None, *, with_coordinators: bool = False
) -> Facts:
    """What the copies say about a referral; with `with_coordinators` the people include every coordinator.

    Raises MissingDependency for an organisation or service that has not arrived. A member that has not arrived is only
    missing from `people`: the rules say whether that matters.
    """
    concerned = [referral.source_organization_id, referral.target_organization_id]
    if referral.first_source_organization_id is not None:
        concerned.append(referral.first_source_organization_id)
    offered = [each for each in (referral.service_id, referral.suggested_service_id) if each is not None]
    asked = {"organizations": concerned, "services": offered}
    organizations = {row.id: row for row in await tx.all(_ORGANIZATIONS, asked)}
    services = {row.id: row for row in await tx.all(_SERVICES, asked)}
    about = _about(referral, by_side, organizations, services)
    people = await people_of(tx, concerned, named=_named(referral), with_coordinators=with_coordinators)
    return Facts(about, organizations[referral.target_organization_id], people)


def _about(
    referral: ReferralState,
    by_side: Side | None,
    organizations: Mapping[UUID, Organization],
    services: Mapping[UUID, Service],
) -> About:
    """What a notice may show of the referral. Raises MissingDependency."""
    source = _known("organization", organizations, referral.source_organization_id)
    target = _known("organization", organizations, referral.target_organization_id)
    service = _known("service", services, referral.service_id)
    suggested = suggested_from = None
    if referral.suggested_service_id is not None:
        suggested = _known("service", services, referral.suggested_service_id)
        suggested_from = _known("organization", organizations, suggested.organization_id)
    return About(
        reference=referral.reference,
        status=referral.status,
        urgent=referral.urgency == "urgent",
        by_side=by_side,
        source_organization_id=source.id,
        source=source.names,
        target_organization_id=target.id,
        target=target.names,
        service_id=service.id,
        service=service.names,
        suggested_service_id=referral.suggested_service_id,
        suggested=suggested.names if suggested else None,
        suggested_from=suggested_from.names if suggested_from else None,
    )


def _named(referral: ReferralState) -> list[UUID]:
    """The members whom a referral names."""
    former = referral.former_member_id if isinstance(referral, ReferralAssigned) else None
    others = (referral.assigned_member_id, referral.first_source_member_id, former)
    return [referral.source_member_id, *referral.desk_member_ids, *(each for each in others if each is not None)]


def _known(kind: str, found: Mapping[UUID, _Fact], fact_id: UUID) -> _Fact:
    if fact_id not in found:
        raise MissingDependency(f"{kind}:{fact_id}")
    return found[fact_id]


async def names_of(tx: Transaction, organization_id: UUID) -> Names:
    """The names of an organisation that is known."""
    return (await tx.get_one(Organization, organization_id)).names
