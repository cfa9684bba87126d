"""What the service's copies say about referrals: their organisations, their services, and everybody concerned."""

from collections.abc import Iterator, Mapping, Sequence
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
    """What the copies say about some referrals, as far as known: their organisations and services, and their people.

    `people` are those of the referrals' organisations, their deputies and whom the referrals name.
    """

    organizations: Mapping[UUID, Organization]
    services: Mapping[UUID, Service]
    people: People

    def about(self, referral: ReferralState, by_side: Side | None) -> About:
        """What a notice may show of one of the referrals.

        Raises MissingDependency for an organisation or service that has not arrived. A member that has not arrived is
        only missing from `people`: the rules say whether that matters.
        """
        source = _known("organization", self.organizations, referral.source_organization_id)
        target = _known("organization", self.organizations, referral.target_organization_id)
        service = _known("service", self.services, referral.service_id)
        suggested = suggested_from = None
        if referral.suggested_service_id is not None:
            suggested = _known("service", self.services, referral.suggested_service_id)
            suggested_from = _known("organization", self.organizations, suggested.organization_id)
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


async def facts_about(tx: Transaction, referrals: Sequence[ReferralState], *, with_coordinators: bool = False) -> Facts:
    """What the copies say about these referrals; with `with_coordinators` the people include every coordinator."""
    concerned = list({each for referral in referrals for each in _organizations_of(referral)})
    offered = list({each for referral in referrals for each in _services_of(referral)})
    named = list({each for referral in referrals for each in _named(referral)})
    asked = {"organizations": concerned, "services": offered}
    organizations = {row.id: row for row in await tx.all(_ORGANIZATIONS, asked)}
    services = {row.id: row for row in await tx.all(_SERVICES, asked)}
    people = await people_of(tx, concerned, named=named, with_coordinators=with_coordinators)
    return Facts(organizations, services, people)


def _organizations_of(referral: ReferralState) -> Iterator[UUID]:
    yield from (referral.source_organization_id, referral.target_organization_id)
    if referral.first_source_organization_id is not None:
        yield referral.first_source_organization_id


def _services_of(referral: ReferralState) -> Iterator[UUID]:
    yield referral.service_id
    if referral.suggested_service_id is not None:
        yield referral.suggested_service_id


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
