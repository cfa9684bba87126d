"""Seeding: brings `data/kuopio.yaml` into the catalogue, inserting what is missing and overwriting nothing."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.schemas.seed_file import MemberEntry, OrganizationEntry, ServiceEntry, read_data
from services.catalog.tables import (
    Location,
    Member,
    Organization,
    OrganizationAlias,
    Service,
    ServiceAlias,
    ServiceAtLocation,
)
from services.catalog.use_cases.recording import record_member_change, record_organization_change, record_service_change
from services.catalog.use_cases.search_index import refresh_index
from shared.database.connections import Database
from shared.ids import new_id
from shared.publishing.outbox import Outbox

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7205759403792795)")


@dataclass(frozen=True)
class SeedReport:
    """How many rows of each kind were inserted."""

    organizations: int
    services: int
    members: int


def seed(database_url: str, *, with_members: bool = True) -> SeedReport:
    """Seed the catalogue at `database_url` (postgresql://…) in one transaction; not to be called in an event loop."""

    async def run() -> SeedReport:
        database = Database(database_url, pool_size=1)
        try:
            async with database.transaction() as session:
                return await seed_into(session, with_members=with_members)
        finally:
            await database.close()

    return asyncio.run(run())


async def seed_into(session: AsyncSession, *, with_members: bool = True) -> SeedReport:
    """Seed within a transaction of the caller's. Every insert is recorded in the outbox."""
    await session.execute(ONE_AT_A_TIME)
    work = _Seeding(session, Outbox("catalog"))
    await work.look()
    for entry in read_data():
        await work.organization(entry, with_members=with_members)
    return SeedReport(*work.inserted)


class _Seeding:
    """One run: what is there already, and how much came in (`inserted`: organisations, services, members)."""

    def __init__(self, session: AsyncSession, outbox: Outbox) -> None:
        self._session = session
        self._outbox = outbox
        self.inserted = [0, 0, 0]
        self._organizations: dict[str, Organization] = {}
        self._service_slugs: set[str] = set()
        self._members: set[tuple[UUID, str]] = set()

    async def look(self) -> None:
        """Learn what is there. What was given another slug is known by its former one too."""
        by_id = {each.id: each for each in (await self._session.exec(select(Organization))).all()}
        for alias in (await self._session.exec(select(OrganizationAlias))).all():
            if alias.slug is not None:
                self._organizations[alias.slug] = by_id[alias.organization_id]
        self._organizations |= {each.slug: each for each in by_id.values()}
        former = select(ServiceAlias.slug).where(col(ServiceAlias.slug).is_not(None))
        self._service_slugs = set((await self._session.execute(select(Service.slug).union(former))).scalars())
        members = await self._session.exec(select(Member.organization_id, Member.email))
        self._members = {(organization_id, email.lower()) for organization_id, email in members.all()}

    async def organization(self, entry: OrganizationEntry, *, with_members: bool) -> None:
        """Insert what is missing of one organisation of the file."""
        before = sum(self.inserted)
        organization = self._organizations.get(entry.slug) or await self._new_organization(entry)
        places = await self._places(organization, entry)
        for service in entry.services:
            if service.slug not in self._service_slugs:
                await self._new_service(organization, service, places)
        if sum(self.inserted) > before:
            await refresh_index(self._session, organization)
        for member in entry.members if with_members else ():
            if (organization.id, member.email.lower()) not in self._members:
                self._new_member(organization, member)

    async def _new_organization(self, entry: OrganizationEntry) -> Organization:
        organization = Organization(
            id=new_id(),
            slug=entry.slug,
            organization_type=entry.type,
            name=entry.name.model_dump(),
            alternate_name=entry.alternate_name.model_dump() if entry.alternate_name else {},
            description=entry.description.model_dump(),
            parent_organization_id=self._organizations[entry.parent].id if entry.parent else None,
        )
        self._session.add(organization)
        await self._session.flush()
        for alias in entry.aliases:
            row = OrganizationAlias(id=new_id(), organization_id=organization.id, **alias.model_dump())
            self._session.add(row)
        for place in entry.locations:
            self._session.add(
                Location(
                    id=new_id(),
                    organization_id=organization.id,
                    location_type=place.type,
                    name=place.name.model_dump(),
                    city=place.city,
                )
            )
        await self._session.flush()
        await record_organization_change(self._session, self._outbox, organization)
        self._organizations[entry.slug] = organization
        self.inserted[0] += 1
        return organization

    async def _places(self, organization: Organization, entry: OrganizationEntry) -> dict[str, UUID]:
        """Location keys of the file → ids, for those places that the organisation (still) has."""
        here = await self._session.exec(select(Location).where(Location.organization_id == organization.id))
        by_name = {each.name.get("fi"): each.id for each in here.all()}
        return {place.key: by_name[place.name.fi] for place in entry.locations if place.name.fi in by_name}

    async def _new_service(self, organization: Organization, entry: ServiceEntry, places: dict[str, UUID]) -> None:
        service = Service(
            id=new_id(),
            slug=entry.slug,
            organization_id=organization.id,
            name=entry.name.model_dump(),
            description=entry.description.model_dump(),
            eligibility_description=entry.eligibility.model_dump(),
            languages=list(entry.languages),
            target_groups=list(entry.target_groups),
        )
        self._session.add(service)
        await self._session.flush()
        for key in entry.locations:
            if key in places:
                row = ServiceAtLocation(id=new_id(), service_id=service.id, location_id=places[key])
                self._session.add(row)
        record_service_change(self._session, self._outbox, service)
        self.inserted[1] += 1

    def _new_member(self, organization: Organization, entry: MemberEntry) -> None:
        member = Member(
            id=new_id(),
            organization_id=organization.id,
            email=entry.email,
            language=entry.language,
            roles=list(entry.roles),
        )
        self._session.add(member)
        record_member_change(self._session, self._outbox, member)
        self.inserted[2] += 1
