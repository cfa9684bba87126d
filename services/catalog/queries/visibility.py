"""Who calls, and which members the caller sees."""

from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col, select

from services.catalog.domain.members import Caller, may_administer_platform
from services.catalog.tables import Member, Organization
from shared.actors import Actor, Membership, require_active
from shared.database.reader import Reader
from shared.database.transaction import Transaction
from shared.membership import may_act

_MEMBER = (
    select(Member.organization_id, Member.roles, may_act(col(Member.active), col(Organization.active)))
    .join(Organization, col(Organization.id) == col(Member.organization_id))
    .where(col(Member.id) == bindparam("id"))
)
_SLUG = select(Organization.slug).where(col(Organization.id) == bindparam("id"))


async def find_member(reader: Reader, member_id: UUID) -> Membership | None:
    """What decides whether a token still counts; None when there is no such member."""
    for organization_id, roles, active in await reader.tuples(_MEMBER, {"id": member_id}):
        return Membership(organization_id, frozenset(roles), active)
    return None


async def require_still_active(reader: Reader, actor: Actor | None) -> None:
    """Raise 401 when the actor has lost access since its token was looked at, as while it waited for a lock.

    The operator (None) has no token to lose.
    """
    if actor is not None:
        require_active(await find_member(reader, actor.member_id), actor.organization_id)


async def caller_of(tx: Transaction, actor: Actor) -> Caller:
    """The actor with what the rules ask about it."""
    slug = await tx.first(_SLUG, {"id": actor.organization_id})
    return Caller(actor.organization_id, actor.roles, may_administer_platform(slug or "", actor.roles))


def visible_organization(caller: Caller) -> UUID | None:
    """The organisation whose members the caller sees; None when it sees all."""
    return None if caller.is_platform_admin else caller.organization_id
