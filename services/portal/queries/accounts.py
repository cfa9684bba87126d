"""Accounts: members of organisations, as the catalogue last told of them."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from services.portal.tables import Member, Organization
from shared.actors import PLATFORM_SLUG
from shared.database.reader import Reader
from shared.membership import may_act


@dataclass(frozen=True)
class Account:
    """A member who may act, with what pages say of it: a membership, for a person may have several."""

    id: UUID
    organization_id: UUID
    email: str
    language: str
    roles: frozenset[str]
    organization_slug: str
    organization_name: dict[str, str]

    @property
    def is_platform_admin(self) -> bool:
        """Whether the member looks after all organisations, as an administrator of the platform's own."""
        return self.organization_slug == PLATFORM_SLUG and "admin" in self.roles


_ACTIVE = (
    select(Member, Organization)
    .join(Organization, col(Organization.id) == Member.organization_id)
    .where(may_act(col(Member.active), col(Organization.active)))
)


def account_of(member: Member, organization: Organization) -> Account:
    """A member and its organisation as an account."""
    return Account(
        id=member.id,
        organization_id=organization.id,
        email=member.email,
        language=member.language,
        roles=frozenset(member.roles),
        organization_slug=organization.slug,
        organization_name=organization.name,
    )


async def find_account(reader: Reader, member_id: UUID) -> Account | None:
    """The account with this id; None where it may not act."""
    found = await reader.tuples(_ACTIVE.where(Member.id == member_id))
    return next((account_of(*row) for row in found), None)


async def count_memberships(reader: Reader, email: str) -> int:
    """In how many organisations an address is that of a member who may act."""
    query = (
        select(func.count())
        .select_from(Member)
        .join(Organization, col(Organization.id) == Member.organization_id)
        .where(func.lower(Member.email) == email.lower(), may_act(col(Member.active), col(Organization.active)))
    )
    return await reader.first(query) or 0


async def all_accounts(reader: Reader, limit: int = 200) -> list[Account]:
    """Every account that may act, to choose from where people try things."""
    query = _ACTIVE.order_by(Organization.slug, Member.email).limit(limit)
    return [account_of(*row) for row in await reader.tuples(query)]
