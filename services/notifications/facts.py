"""What the service's copies say about a referral: its organisations, its service, and everybody concerned."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID

from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.domain import About
from services.notifications.tables import Member, Organization, Service
from shared.catalog_copy import MemberCopy
from shared.events.referral import ReferralAssigned, ReferralState, Side
from shared.inbox import Missing


@dataclass(frozen=True)
class Facts:
    """`members` holds everybody of the organisations, their deputies and whom the referral names, as far as known."""

    about: About
    target: Organization
    members: dict[UUID, MemberCopy]


async def facts_about(
    session: AsyncSession, referral: ReferralState, by_side: Side | None, *, with_coordinators: bool = False
) -> Facts:
    """Look everything up, and who coordinates if asked to.

    Raises Missing for an organisation or service that has not arrived. Whether a member that has not arrived matters
    is for the rules to say.
    """
    source = await _known(session, Organization, referral.source_organization_id)
    target = await _known(session, Organization, referral.target_organization_id)
    service = await _known(session, Service, referral.service_id)
    suggested = suggested_from = None
    if referral.suggested_service_id is not None:
        suggested = await _known(session, Service, referral.suggested_service_id)
        suggested_from = await _known(session, Organization, suggested.organization_id)
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
        named += await session.exec(select(Member.id).where(col(Member.roles).contains(["coordinator"])))
    if referral.first_source_member_id is not None and referral.first_source_organization_id is not None:
        named.append(referral.first_source_member_id)
        organizations.append(referral.first_source_organization_id)
    return Facts(about, target, await members_of(session, organizations, named))


async def members_of(
    session: AsyncSession, organization_ids: Iterable[UUID], named: Iterable[UUID] = ()
) -> dict[UUID, MemberCopy]:
    """Everybody of some organisations, with their deputies wherever they are, and those named, by id."""
    here = col(Member.organization_id).in_(list(organization_ids))
    deputies = select(Member.deputy_id).where(here, col(Member.deputy_id).is_not(None))
    asked = or_(here, col(Member.id).in_(list(named)), col(Member.id).in_(deputies))
    found = await session.exec(select(Member).where(asked).execution_options(populate_existing=True))
    return {member.id: member for member in found}


_Fact = TypeVar("_Fact", Organization, Service)


async def _known(session: AsyncSession, table: type[_Fact], fact_id: UUID) -> _Fact:
    # Copies are overwritten past the session's own picture of them, so a row is always read anew.
    found = await session.get(table, fact_id, populate_existing=True)
    if found is None:
        raise Missing(f"{'service' if table is Service else 'organization'}:{fact_id}")
    return found
