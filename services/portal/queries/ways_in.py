"""Which accounts an address may use, and by which way: those of organisations with a provider by that alone."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select

from services.portal.domain.ways import Membership, open_to_local
from services.portal.queries.accounts import Account, account_of
from services.portal.tables import Member, Organization, Provider
from shared.actors import PLATFORM_SLUG
from shared.database.reader import Reader
from shared.membership import may_act
from shared.values.email_addresses import same_address

_MEMBERSHIPS = (
    select(Member, Organization, may_act(col(Member.active), col(Organization.active)))
    .join(Organization, col(Organization.id) == col(Member.organization_id))
    .order_by(Organization.slug)
)
_IN_USE = select(Provider.organization_id).where(col(Provider.in_use))


@dataclass(frozen=True)
class WaysIn:
    """What an address leads to. `local` are the accounts that mail and passkeys open, `by_provider` those of others.

    `memberships` has those that may not act as well, and `address` is as the catalogue writes it.
    """

    memberships: list[Membership]
    local: list[Account]
    by_provider: list[Account]
    address: str | None = None


async def ways_in(reader: Reader, address: str) -> WaysIn:
    """What an address leads to; to nothing, should nobody know it. The platform's own people always come in by mail.

    So nobody locks out those who could set a provider right.
    """
    rows = await reader.tuples(_MEMBERSHIPS.where(func.lower(Member.email) == same_address(address)))
    memberships = [Membership(member.id, member.organization_id, active) for member, _, active in rows]
    accounts = {member.id: account_of(member, organization) for member, organization, _ in rows}
    own = {organization.id for _, organization, _ in rows if organization.slug == PLATFORM_SLUG}
    local = {each.member_id for each in open_to_local(memberships, set(await reader.all(_IN_USE)) - own)}
    return WaysIn(
        memberships,
        [accounts[each.member_id] for each in memberships if each.member_id in local],
        [accounts[each.member_id] for each in memberships if each.active and each.member_id not in local],
        rows[0][0].email if rows else None,
    )


async def member_to_link(reader: Reader, address: str, organization_id: UUID) -> Account | None:
    """The account of an address in one organisation, if it may act."""
    known = _MEMBERSHIPS.where(
        func.lower(Member.email) == same_address(address), col(Member.organization_id) == organization_id
    )
    found = [account_of(member, organization) for member, organization, active in await reader.tuples(known) if active]
    return next(iter(found), None)
