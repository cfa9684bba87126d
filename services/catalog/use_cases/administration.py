"""The first administrator of a platform, made by its operator: nobody else could let anybody in."""

import asyncio

from pydantic import ValidationError
from sqlalchemy import func
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.domain.members import ROLES
from services.catalog.domain.names import check_slug
from services.catalog.domain.refusals import RuleBroken
from services.catalog.queries.organizations import find_organization
from services.catalog.schemas.members import NewMember
from services.catalog.schemas.seed_file import read_data
from services.catalog.tables import Member, Organization
from services.catalog.use_cases.recording import record_member_change, record_organization_change
from services.catalog.use_cases.search_index import refresh_index
from services.catalog.use_cases.seed import ONE_AT_A_TIME
from shared.database.connections import Database
from shared.ids import new_id
from shared.publishing.outbox import Outbox


def create_admin(database_url: str, email: str, organization_slug: str) -> bool:
    """Make `email` an active administrator of the organisation; returns whether anything changed.

    The organisation is entered when there is none with that slug, and the member when it has none with that
    address. An administrator of `luotsi` administers the whole platform. Raises ValueError for an address or
    slug that is none. Not to be called in an event loop.
    """

    async def run() -> bool:
        database = Database(database_url, pool_size=1)
        try:
            async with database.transaction() as session:
                return await make_admin(session, email, organization_slug)
        finally:
            await database.close()

    return asyncio.run(run())


async def make_admin(session: AsyncSession, email: str, organization_slug: str) -> bool:
    """What `create_admin` does, within a transaction of the caller's."""
    new = _checked(email, organization_slug)
    outbox = Outbox("catalog")
    await session.execute(ONE_AT_A_TIME)
    organization = await find_organization(session, organization_slug)
    if organization is None:
        organization = await _enter_organization(session, outbox, organization_slug)
    same = select(Member).where(
        Member.organization_id == organization.id, func.lower(Member.email) == func.lower(new.email)
    )
    member = (await session.exec(same)).first()
    if member is None:
        member = Member(id=new_id(), organization_id=organization.id, email=new.email, language="fi", roles=["admin"])
        session.add(member)
        await session.flush()
    elif member.active and "admin" in member.roles:
        return False
    else:
        member.active = True
        member.roles = [role for role in ROLES if role in {*member.roles, "admin"}]
        member.version += 1
    record_member_change(session, outbox, member)
    return True


def _checked(email: str, organization_slug: str) -> NewMember:
    try:
        check_slug(organization_slug)
        return NewMember(email=email, roles=["admin"])
    except RuleBroken as broken:
        raise ValueError(broken.detail) from None
    except ValidationError:
        raise ValueError(f"{email} is not an e-mail address") from None


async def _enter_organization(session: AsyncSession, outbox: Outbox, slug: str) -> Organization:
    """Enter the organisation as the seed data knows it; one that they do not know is named like its slug."""
    known = next((entry for entry in read_data() if entry.slug == slug), None)
    organization = Organization(
        id=new_id(),
        slug=slug,
        organization_type=known.type if known else "other",
        name=known.name.model_dump() if known else {"fi": slug},
        description=known.description.model_dump() if known else {"fi": slug},
    )
    session.add(organization)
    await refresh_index(session, organization)
    await record_organization_change(session, outbox, organization)
    return organization
