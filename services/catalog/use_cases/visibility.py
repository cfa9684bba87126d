"""Who calls: members out of the catalogue's own table, and who of them administers the platform."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.domain.rules import Caller, may_administer_platform
from services.catalog.tables import Member, Organization
from shared.actors import Actor, Membership


async def find_member(session: AsyncSession, member_id: UUID) -> Membership | None:
    """What decides whether a token still counts; None when there is no such member."""
    member = await session.get(Member, member_id)
    return Membership(member.organization_id, frozenset(member.roles), member.active) if member else None


async def caller_of(session: AsyncSession, actor: Actor) -> Caller:
    """The actor with what the rules ask about it."""
    organization = await session.get(Organization, actor.organization_id)
    slug = organization.slug if organization else ""
    return Caller(actor.organization_id, actor.roles, may_administer_platform(slug, actor.roles))
