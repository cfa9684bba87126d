"""Seeding: brings `data/kuopio.yaml` into the catalogue, inserting what is missing and overwriting nothing."""

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal
from uuid import UUID

import yaml
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog import search
from services.catalog.changes import member_changed, organization_changed, service_changed
from services.catalog.domain import OrganizationType, check_slug
from services.catalog.tables import Location, Member, Organization, OrganizationAlias, Service, ServiceAtLocation
from services.catalog.target_groups import TARGET_GROUPS
from shared.db import Database
from shared.events.catalog import Language, Role
from shared.events.envelope import Names
from shared.ids import new_id
from shared.outbox import Outbox

DATA = Path(__file__).parent / "data" / "kuopio.yaml"

ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(7205759403792795)")


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MemberEntry(_Entry):
    """A member in the data file."""

    email: str
    language: Language
    roles: tuple[Role, ...]


class LocationEntry(_Entry):
    """A location in the data file; `key` is what services of the organisation call it by."""

    key: str
    type: Literal["physical", "postal", "virtual"]
    name: Names
    city: str | None = None


class AliasEntry(_Entry):
    """A former name in the data file."""

    slug: str
    name: Names
    valid_until: date


class ServiceEntry(_Entry):
    """A service in the data file."""

    slug: str
    name: Names
    description: Names
    eligibility: Names
    languages: tuple[str, ...]
    target_groups: tuple[str, ...]
    locations: tuple[str, ...] = ()


class OrganizationEntry(_Entry):
    """An organisation in the data file; `parent` is a slug that stands before it in the file."""

    slug: str
    type: OrganizationType
    name: Names
    alternate_name: Names | None = None
    description: Names
    parent: str | None = None
    aliases: tuple[AliasEntry, ...] = ()
    locations: tuple[LocationEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    members: tuple[MemberEntry, ...] = ()


@dataclass(frozen=True)
class SeedReport:
    """How many rows of each kind were inserted."""

    organizations: int
    services: int
    members: int


def read_data(path: Path = DATA) -> tuple[OrganizationEntry, ...]:
    """The organisations of a data file. Raises ValueError (pydantic's) or RuleBroken when it does not fit."""
    entries = [
        OrganizationEntry.model_validate(each) for each in yaml.safe_load(path.read_text("utf-8"))["organizations"]
    ]
    for entry in entries:
        check_slug(entry.slug)
        for service in entry.services:
            check_slug(service.slug)
            unknown = set(service.target_groups) - TARGET_GROUPS.keys()
            if unknown:
                raise ValueError(f"{service.slug}: unknown target groups {', '.join(sorted(unknown))}")
    return tuple(entries)


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
        """Learn what is there. An organisation that was given another slug is known by its former one too."""
        by_id = {each.id: each for each in (await self._session.exec(select(Organization))).all()}
        for alias in (await self._session.exec(select(OrganizationAlias))).all():
            if alias.slug is not None:
                self._organizations[alias.slug] = by_id[alias.organization_id]
        self._organizations |= {each.slug: each for each in by_id.values()}
        self._service_slugs = set((await self._session.exec(select(Service.slug))).all())
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
            await search.index(self._session, organization)
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
        await organization_changed(self._session, self._outbox, organization)
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
        service_changed(self._session, self._outbox, service)
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
        member_changed(self._session, self._outbox, member)
        self.inserted[2] += 1
