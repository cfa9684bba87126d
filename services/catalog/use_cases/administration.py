"""The first administrator of a platform, made by its operator: nobody else could let anybody in."""

import asyncio
from difflib import get_close_matches
from typing import Final

from pydantic import ValidationError
from sqlalchemy import func
from sqlmodel import col, select

from services.catalog.domain.members import ROLES
from services.catalog.domain.names import check_slug, sort_keys
from services.catalog.domain.refusals import RuleBroken
from services.catalog.queries.organizations import find_organization
from services.catalog.schemas.members import NewMember
from services.catalog.schemas.seed_file import read_data
from services.catalog.tables import Member, Organization
from services.catalog.use_cases.recording import record_member_change, record_organization_change
from services.catalog.use_cases.search_index import refresh_index
from services.catalog.use_cases.seed import SEED_LOCK
from shared.actors import PLATFORM_SLUG
from shared.database.connections import Database
from shared.database.transaction import Transaction
from shared.ids import new_id
from shared.publishing.outbox import Outbox

_LISTED: Final = 50
"""How many organisations a refusal names."""


def create_admin(database_url: str, email: str, organization_slug: str) -> bool:
    """Make `email` an active administrator of the organisation; returns whether anything changed.

    The member is entered when the organisation has none with that address. An administrator of `luotsi` administers
    the whole platform: that organisation is entered when it is not there yet, and no other. Raises ValueError for an
    address that is none, and for an organisation that does not exist or is deactivated. Not to be called in an event
    loop.
    """

    async def run() -> bool:
        database = Database(database_url, pool_size=1)
        try:
            async with database.transaction() as tx:
                return await make_admin(tx, email, organization_slug)
        finally:
            await database.close()

    return asyncio.run(run())


async def make_admin(tx: Transaction, email: str, organization_slug: str) -> bool:
    """What `create_admin` does, within a transaction of the caller's."""
    new = _checked(email, organization_slug)
    outbox = Outbox("catalog")
    await tx.advisory_lock(SEED_LOCK)
    organization = await find_organization(tx, organization_slug)
    if organization is None and organization_slug == PLATFORM_SLUG:
        organization = await _enter_platform(tx, outbox)
    if organization is None:
        raise ValueError(await _unknown(tx, organization_slug))
    if not organization.active:
        raise ValueError(f"{organization_slug} is deactivated: an administrator of the platform activates it first")
    same = select(Member).where(
        col(Member.organization_id) == organization.id, func.lower(Member.email) == func.lower(new.email)
    )
    member = await tx.first(same)
    if member is None:
        member = Member(id=new_id(), organization_id=organization.id, email=new.email, language="fi", roles=["admin"])
        tx.insert(member)
    elif member.active and "admin" in member.roles:
        return False
    else:
        member.active = True
        member.roles = [role for role in ROLES if role in {*member.roles, "admin"}]
        member.version += 1
        tx.update(member)
    record_member_change(tx, outbox, member)
    return True


def _checked(email: str, organization_slug: str) -> NewMember:
    try:
        check_slug(organization_slug)
        return NewMember(email=email, roles=["admin"])
    except RuleBroken as broken:
        raise ValueError(broken.detail) from None
    except ValidationError:
        raise ValueError(f"{email} is not an e-mail address") from None


async def _unknown(tx: Transaction, slug: str) -> str:
    """That there is no such organisation, and which ones there are: those with like slugs first."""
    known = await tx.all(select(Organization.slug).where(col(Organization.active)).order_by(col(Organization.slug)))
    if not known:
        return f"there is no organisation {slug}, and none at all yet: `luotsi seed` enters those of Kuopio"
    like = get_close_matches(slug, known, n=3)
    meant = f" Did you mean {' or '.join(like)}?" if like else ""
    listed = ", ".join(known[:_LISTED]) + (", …" if len(known) > _LISTED else "")
    return f"there is no organisation {slug}.{meant} There are {listed}"


async def _enter_platform(tx: Transaction, outbox: Outbox) -> Organization:
    """Enter the organisation that runs the platform, as the seed data know it."""
    known = next(entry for entry in read_data() if entry.slug == PLATFORM_SLUG)
    name = known.name.model_dump()
    organization = Organization(
        id=new_id(),
        slug=PLATFORM_SLUG,
        organization_type=known.type,
        name=name,
        sort_keys=sort_keys(name),
        description=known.description.model_dump(),
    )
    tx.insert(organization)
    record_organization_change(tx, outbox, organization, ())
    await refresh_index(tx, [organization])
    return organization
