"""What the service's copies say about a referral: its organisations, its service, and everybody concerned."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain.wording import About
from shared.consuming.inbox import MissingDependency
from shared.database.connections import run_plainly
from shared.events.envelope import Names
from shared.events.referral import ReferralAssigned, ReferralState, Side

# Members of some organisations, those named, their deputies wherever they are, and the coordinators if asked for.
_MEMBERS = """
SELECT coalesce(json_agg(json_build_object(
    'id', id, 'organization_id', organization_id, 'email', email, 'roles', roles, 'active', active,
    'deputy_id', deputy_id, 'by_mail', NOT EXISTS (SELECT FROM preferences WHERE member_id = members.id AND NOT email)
)), '[]') FROM members
WHERE organization_id = ANY($1::uuid[]) OR id = ANY($2::uuid[])
OR id IN (SELECT deputy_id FROM members WHERE organization_id = ANY($1::uuid[]) AND deputy_id IS NOT NULL)
OR ($3 AND roles @> ARRAY['coordinator'])
"""
_ALL = f"""
SELECT json_build_object(
    'places', (
        SELECT coalesce(json_agg(json_build_object('id', id, 'names', name, 'email', email)), '[]') FROM organizations
        WHERE id = ANY($1::uuid[]) OR id IN (SELECT organization_id FROM services WHERE id = ANY($4::uuid[]))
    ),
    'offers', (
        SELECT coalesce(json_agg(json_build_object('id', id, 'names', name, 'organization_id', organization_id)), '[]')
        FROM services WHERE id = ANY($4::uuid[])
    ),
    'members', ({_MEMBERS})
)::text
"""  # noqa: S608 - nothing but the text above
_NAMES = "SELECT name::text FROM organizations WHERE id = $1"


class Fact(BaseModel):
    """What the catalogue's copy says of something, as the database puts it into JSON."""

    model_config = ConfigDict(frozen=True)

    id: UUID


class Place(Fact):
    """What a notice needs of an organisation."""

    names: Names
    email: str | None


class Offer(Fact):
    """What a notice needs of a service."""

    names: Names
    organization_id: UUID


class Colleague(Fact):
    """What the rules need of a member, and whether mail is wanted."""

    organization_id: UUID
    email: str
    roles: list[str]
    active: bool
    deputy_id: UUID | None
    by_mail: bool


_Known = TypeVar("_Known", bound=Fact)


class _Found(BaseModel):
    places: list[Place]
    offers: list[Offer]
    members: list[Colleague]


@dataclass(frozen=True)
class Facts:
    """`members` holds everybody of the organisations, their deputies and whom the referral names, as far as known."""

    about: About
    target: Place
    members: dict[UUID, Colleague]


async def facts_about(
    session: AsyncSession, referral: ReferralState, by_side: Side | None, *, with_coordinators: bool = False
) -> Facts:
    """What the copies say about a referral; with `with_coordinators` the members include every coordinator.

    Raises MissingDependency for an organisation or service that has not arrived. A member that has not arrived is only
    missing from `members`: the rules say whether that matters.
    """
    found = await _find(session, referral, with_coordinators=with_coordinators)
    places, offers = _by_id(found.places), _by_id(found.offers)
    source = _known("organization", places, referral.source_organization_id)
    target = _known("organization", places, referral.target_organization_id)
    service = _known("service", offers, referral.service_id)
    suggested = suggested_from = None
    if referral.suggested_service_id is not None:
        suggested = _known("service", offers, referral.suggested_service_id)
        suggested_from = _known("organization", places, suggested.organization_id)
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
    return Facts(about, target, _by_id(found.members))


async def _find(session: AsyncSession, referral: ReferralState, *, with_coordinators: bool) -> _Found:
    """All of it by one statement, and so as of one moment."""
    former = referral.former_member_id if isinstance(referral, ReferralAssigned) else None
    organizations = [referral.source_organization_id, referral.target_organization_id]
    named = [referral.source_member_id, *referral.desk_member_ids, referral.assigned_member_id, former]
    if referral.first_source_organization_id is not None:
        organizations.append(referral.first_source_organization_id)
        named.append(referral.first_source_member_id)
    services = [referral.service_id, referral.suggested_service_id]
    [[found]] = await run_plainly(session, _ALL, organizations, named, with_coordinators, services)
    return _Found.model_validate_json(found)


async def members_of(
    session: AsyncSession, organization_id: UUID, *, with_coordinators: bool = False
) -> dict[UUID, Colleague]:
    """Everybody of an organisation, with their deputies wherever they are, and who coordinates if asked to; by id."""
    [[found]] = await run_plainly(session, _MEMBERS, [organization_id], [], with_coordinators)
    return _by_id(Colleague.model_validate(each) for each in found)


async def names_of(session: AsyncSession, organization_id: UUID) -> Names:
    """The names of an organisation that is known."""
    [[found]] = await run_plainly(session, _NAMES, organization_id)
    return Names.model_validate_json(found)


def _by_id(facts: Iterable[_Known]) -> dict[UUID, _Known]:
    return {fact.id: fact for fact in facts}


def _known(kind: str, found: Mapping[UUID, _Known], fact_id: UUID) -> _Known:
    if fact_id not in found:
        raise MissingDependency(f"{kind}:{fact_id}")
    return found[fact_id]
