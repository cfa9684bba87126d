"""Seeding: brings `data/kuopio.yaml` into the catalogue, inserting what is missing and overwriting nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from services.catalog.domain.names import sort_keys
from services.catalog.schemas.seed_file import LocationEntry, MemberEntry, OrganizationEntry, ServiceEntry, read_data
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
from services.catalog.use_cases.seed_gaps import facts_of, fill_gaps
from shared.clock import utc_now
from shared.database.connections import Database
from shared.database.transaction import Transaction
from shared.ids import new_id
from shared.publishing.outbox import Outbox

SEED_LOCK = "catalog.seed"
"""Advisory lock: only one transaction at a time enters what the data file describes."""


@dataclass(frozen=True)
class SeedReport:
    """How many rows of each kind were inserted, and how many services that were there got what they lacked."""

    organizations: int
    services: int
    members: int
    filled: int


def seed(database_url: str, *, with_members: bool = True) -> SeedReport:
    """Seed the catalogue at `database_url` (postgresql://…) in one transaction; not to be called in an event loop."""

    async def run() -> SeedReport:
        database = Database(database_url, pool_size=1)
        try:
            async with database.transaction() as tx:
                return await seed_into(tx, with_members=with_members)
        finally:
            await database.close()

    return asyncio.run(run())


async def seed_into(tx: Transaction, *, with_members: bool = True) -> SeedReport:
    """Seed within a transaction of the caller's. Every insert is recorded in the outbox.

    All rows go out as one statement, and the search index is written once for all: so there is a dozen statements
    however long the file.
    """
    await tx.advisory_lock(SEED_LOCK)
    seeding = _Seeding(tx, Outbox("catalog"))
    await seeding.read_catalogue()
    data = read_data()
    filled = await seeding.fill_gaps(data)
    for entry in data:
        seeding.organization(entry, with_members=with_members)
    if seeding.changed:
        await refresh_index(tx, list(seeding.changed.values()))
    return SeedReport(seeding.organizations, seeding.services, seeding.members, filled)


class _Seeding:
    """One run: what is there already, what came in (`organizations`, `services`, `members`: how many).

    `changed` are the organisations, by id, that are new or whose services are new or have changed.
    """

    def __init__(self, tx: Transaction, outbox: Outbox) -> None:
        self.organizations = self.services = self.members = 0
        self.changed: dict[UUID, Organization] = {}
        self._tx = tx
        self._outbox = outbox
        self._by_slug: dict[str, Organization] = {}
        self._service_slugs: set[str] = set()
        self._addresses: set[tuple[UUID, str]] = set()
        self._locations: defaultdict[UUID, dict[str | None, UUID]] = defaultdict(dict)
        """Organisation → name in Finnish → location."""

    async def read_catalogue(self) -> None:
        """Learn what is there. What was given another slug is known by its former one too."""
        by_id = {each.id: each for each in await self._tx.all(select(Organization))}
        for alias in await self._tx.all(select(OrganizationAlias)):
            if alias.slug is not None:
                self._by_slug[alias.slug] = by_id[alias.organization_id]
        self._by_slug |= {each.slug: each for each in by_id.values()}
        former = select(ServiceAlias.slug).where(col(ServiceAlias.slug).is_not(None))
        self._service_slugs = set((await self._tx.execute(select(Service.slug).union(former))).scalars())
        members = await self._tx.tuples(select(Member.organization_id, Member.email))
        self._addresses = {(organization_id, email.lower()) for organization_id, email in members}
        for location in await self._tx.all(select(Location)):
            self._locations[location.organization_id][location.name.get("fi")] = location.id

    async def fill_gaps(self, data: Iterable[OrganizationEntry]) -> int:
        """Give services that are there what the file knows and nobody has said; returns how many got something."""
        services = [service for entry in data for service in entry.services]
        owners = await fill_gaps(self._tx, self._outbox, services, utc_now())
        by_id = {each.id: each for each in self._by_slug.values()}
        self.changed |= {owner: by_id[owner] for owner in owners}
        return len(owners)

    def organization(self, entry: OrganizationEntry, *, with_members: bool) -> None:
        """Insert what is missing of one organisation of the file."""
        before = self.organizations + self.services
        organization = self._by_slug.get(entry.slug) or self._new_organization(entry)
        for service in entry.services:
            if service.slug not in self._service_slugs:
                self._new_service(organization, service, entry.locations)
        if self.organizations + self.services > before:
            self.changed[organization.id] = organization
        for member in entry.members if with_members else ():
            if (organization.id, member.email.lower()) not in self._addresses:
                self._new_member(organization, member)

    def _new_organization(self, entry: OrganizationEntry) -> Organization:
        organization = Organization(
            id=new_id(),
            slug=entry.slug,
            organization_type=entry.type,
            name=entry.name.model_dump(),
            sort_keys=sort_keys(entry.name.model_dump()),
            alternate_name=entry.alternate_name.model_dump() if entry.alternate_name else {},
            description=entry.description.model_dump(),
            parent_organization_id=self._by_slug[entry.parent].id if entry.parent else None,
        )
        self._tx.insert(organization)
        for alias in entry.aliases:
            self._tx.insert(OrganizationAlias(id=new_id(), organization_id=organization.id, **alias.model_dump()))
        for location in entry.locations:
            self._new_location(organization, location)
        record_organization_change(self._tx, self._outbox, organization, ())
        self._by_slug[entry.slug] = organization
        self.organizations += 1
        return organization

    def _new_location(self, organization: Organization, entry: LocationEntry) -> None:
        location = Location(
            id=new_id(),
            organization_id=organization.id,
            location_type=entry.type,
            name=entry.name.model_dump(),
            city=entry.city,
        )
        self._tx.insert(location)
        self._locations[organization.id][entry.name.fi] = location.id

    def _new_service(
        self, organization: Organization, entry: ServiceEntry, locations: tuple[LocationEntry, ...]
    ) -> None:
        service = Service(
            id=new_id(),
            slug=entry.slug,
            organization_id=organization.id,
            name=entry.name.model_dump(),
            sort_keys=sort_keys(entry.name.model_dump()),
            description=entry.description.model_dump(),
            eligibility_description=entry.eligibility.model_dump(),
            languages=list(entry.languages),
            target_groups=list(entry.target_groups),
            **facts_of(entry),
        )
        self._tx.insert(service)
        there = self._locations[organization.id]
        # By name, for those that the organisation (still) has.
        ids = {each.key: there[each.name.fi] for each in locations if each.name.fi in there}
        for key in entry.locations:
            if key in ids:
                self._tx.insert(ServiceAtLocation(id=new_id(), service_id=service.id, location_id=ids[key]))
        record_service_change(self._tx, self._outbox, service)
        self.services += 1

    def _new_member(self, organization: Organization, entry: MemberEntry) -> None:
        member = Member(
            id=new_id(),
            organization_id=organization.id,
            email=entry.email,
            language=entry.language,
            roles=list(entry.roles),
        )
        self._tx.insert(member)
        record_member_change(self._tx, self._outbox, member)
        self.members += 1
