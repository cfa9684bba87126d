"""What the service's copies say about a referral: its organisations, its service, and everybody concerned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain import About
from shared.db import run_plainly
from shared.events.envelope import Names
from shared.events.referral import ReferralAssigned, ReferralState, Side
from shared.inbox import Missing

_PLACES = "SELECT id, name, email FROM organizations WHERE id = ANY($1::uuid[])"
_OFFERS = "SELECT id, name, organization_id FROM services WHERE id = ANY($1::uuid[])"
_COORDINATORS = "SELECT id FROM members WHERE roles @> ARRAY['coordinator']"
_MEMBERS = """
SELECT id, organization_id, email, roles, active, deputy_id FROM members
WHERE organization_id = ANY($1::uuid[]) OR id = ANY($2::uuid[])
OR id IN (SELECT deputy_id FROM members WHERE organization_id = ANY($1::uuid[]) AND deputy_id IS NOT NULL)
"""


@dataclass(frozen=True)
class Place:
    """What a notice needs of an organisation."""

    id: UUID
    names: Names
    email: str | None


@dataclass(frozen=True)
class Offer:
    """What a notice needs of a service."""

    id: UUID
    names: Names
    organization_id: UUID


@dataclass(frozen=True)
class Colleague:
    """What the rules need of a member."""

    id: UUID
    organization_id: UUID
    email: str
    roles: list[str]
    active: bool
    deputy_id: UUID | None


_Fact = TypeVar("_Fact", Place, Offer)


@dataclass(frozen=True)
class Facts:
    """`members` holds everybody of the organisations, their deputies and whom the referral names, as far as known."""

    about: About
    target: Place
    members: dict[UUID, Colleague]


async def facts_about(
    session: AsyncSession, referral: ReferralState, by_side: Side | None, *, with_coordinators: bool = False
) -> Facts:
    """Look everything up, and who coordinates if asked to.

    Raises Missing for an organisation or service that has not arrived. Whether a member that has not arrived matters
    is for the rules to say.
    """
    places = await _places(session, referral.source_organization_id, referral.target_organization_id)
    source = _known("organization", places, referral.source_organization_id)
    target = _known("organization", places, referral.target_organization_id)
    offers = await _offers(session, referral.service_id, *filter(None, [referral.suggested_service_id]))
    service = _known("service", offers, referral.service_id)
    suggested = suggested_from = None
    if referral.suggested_service_id is not None:
        suggested = _known("service", offers, referral.suggested_service_id)
        owner = suggested.organization_id
        suggested_from = _known("organization", await _places(session, owner), owner)
    about = About(
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
    named = [referral.source_member_id, *referral.desk_member_ids]
    organizations = [source.id, target.id]
    if referral.assigned_member_id is not None:
        named.append(referral.assigned_member_id)
    if isinstance(referral, ReferralAssigned) and referral.former_member_id is not None:
        named.append(referral.former_member_id)
    if with_coordinators:
        named += [row["id"] for row in await run_plainly(session, _COORDINATORS)]
    if referral.first_source_member_id is not None and referral.first_source_organization_id is not None:
        named.append(referral.first_source_member_id)
        organizations.append(referral.first_source_organization_id)
    return Facts(about, target, await members_of(session, organizations, named))


async def members_of(
    session: AsyncSession, organization_ids: Iterable[UUID], named: Iterable[UUID] = ()
) -> dict[UUID, Colleague]:
    """Everybody of some organisations, with their deputies wherever they are, and those named, by id."""
    found = await run_plainly(session, _MEMBERS, list(organization_ids), list(named))
    return {row["id"]: Colleague(**row) for row in found}


async def _places(session: AsyncSession, *ids: UUID) -> dict[UUID, Place]:
    found = await run_plainly(session, _PLACES, ids)
    return {row["id"]: Place(row["id"], Names.model_validate(row["name"]), row["email"]) for row in found}


async def _offers(session: AsyncSession, *ids: UUID) -> dict[UUID, Offer]:
    found = await run_plainly(session, _OFFERS, ids)
    return {row["id"]: Offer(row["id"], Names.model_validate(row["name"]), row["organization_id"]) for row in found}


def _known(kind: str, found: Mapping[UUID, _Fact], fact_id: UUID) -> _Fact:
    if fact_id not in found:
        raise Missing(f"{kind}:{fact_id}")
    return found[fact_id]
