"""Who calls, what the caller sees, and what the caller may change."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col, select

from services.catalog.domain.members import Caller, may_administer_platform
from services.catalog.tables import Member, Organization
from shared.actors import Actor, Membership
from shared.database.reader import Reader
from shared.database.transaction import Transaction
from shared.problems import forbidden

_MEMBER = select(Member).where(col(Member.id) == bindparam("id"))
_SLUG = select(Organization.slug).where(col(Organization.id) == bindparam("id"))


async def find_member(reader: Reader, member_id: UUID) -> Membership | None:
    """What decides whether a token still counts; None when there is no such member."""
    member = await reader.first(_MEMBER, {"id": member_id})
    return Membership(member.organization_id, frozenset(member.roles), member.active) if member else None


async def caller_of(tx: Transaction, actor: Actor) -> Caller:
    """The actor with what the rules ask about it."""
    slug = await tx.first(_SLUG, {"id": actor.organization_id})
    return Caller(actor.organization_id, actor.roles, may_administer_platform(slug or "", actor.roles))


def visible_organization(caller: Caller) -> UUID | None:
    """The organisation whose members the caller sees; None when it sees all."""
    return None if caller.is_platform_admin else caller.organization_id


def require_administrator(caller: Caller, organization_id: UUID) -> None:
    """Raise 403 unless the caller administers that organisation."""
    if not caller.administers(organization_id):
        raise forbidden("Only an administrator of this organisation, or of the platform, may change it.")


def require_some_administrator(caller: Caller) -> None:
    """Raise 403 when the caller administers no organisation at all."""
    if not caller.administers_some:
        raise forbidden("Only an administrator of the organisation, or of the platform, may do this.")


def require_platform_administrator(caller: Caller) -> None:
    """Raise 403 unless the caller administers the platform."""
    if not caller.is_platform_admin:
        raise forbidden("Only an administrator of the platform may do this.")


def require_may_give(caller: Caller, before: Iterable[str], after: Iterable[str]) -> None:
    """Raise 403 when a member's roles may not become `after` by the caller's hand."""
    if not caller.may_give(before, after):
        raise forbidden(
            "A coordinator sees the figures of every organisation: only an administrator of the platform "
            "gives that role."
        )
