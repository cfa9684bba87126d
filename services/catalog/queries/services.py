"""Reading services: one by its id or slug, pages of them by text and filters, and what each is about to accept."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, or_
from sqlmodel import col, select

from services.catalog.domain.names import is_slug
from services.catalog.domain.services import Situation
from services.catalog.queries.pages import PageWanted, among, as_uuid, by_name, count, matching, one_page, one_row
from services.catalog.queries.search import Query
from services.catalog.tables import (
    Closure,
    Location,
    Member,
    Organization,
    Service,
    ServiceAlias,
    ServiceAtLocation,
    ServiceFacts,
    ServiceWords,
)
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class FoundService:
    """A service with its organisation, former names, locations, what decides whether it accepts, and statistics."""

    row: Service
    organization: Organization
    situation: Situation
    aliases: Sequence[ServiceAlias]
    locations: Sequence[tuple[ServiceAtLocation, Location]]
    facts: ServiceFacts | None


@dataclass(frozen=True)
class ServiceFilter:
    """Which services are wanted; what is None does not narrow."""

    query: str | None = None
    language: str | None = None
    organization_id: UUID | None = None
    target_group: str | None = None
    status: str | None = None
    accepting: bool | None = None


async def find_service(tx: Transaction, key: str, *, lock: bool = False) -> Service | None:
    """The service with that id, slug, or former slug. `lock` holds the row until the transaction ends."""
    if (row_id := as_uuid(key)) is not None:
        wanted = select(Service).where(Service.id == row_id)
    elif is_slug(key):
        former = select(ServiceAlias.service_id).where(ServiceAlias.slug == key)
        wanted = select(Service).where(or_(col(Service.slug) == key, col(Service.id).in_(former)))
        # A slug that is in use comes before one that was.
        wanted = wanted.order_by((col(Service.slug) == key).desc()).limit(1)
    else:
        return None
    return await one_row(tx, wanted, lock=lock)


async def page_of_services(
    tx: Transaction, page: PageWanted, language: str, only: ServiceFilter, today: date
) -> tuple[list[FoundService], int]:
    """One page of services, best match first, else by name; and how many there are in all."""
    wanted = _services(today)
    for condition in _conditions(only, today):
        wanted = wanted.where(condition)
    order: list[ColumnElement[float]] = []
    if only.query and only.query.strip():
        wanted = wanted.join(ServiceWords, col(ServiceWords.service_id) == Service.id)
        wanted, order = matching(wanted, Query(only.query), ServiceWords.words)
    total = await count(tx, wanted)
    wanted = wanted.order_by(*order, by_name(Service.sort_keys, language), col(Service.id))
    return await _found(tx, await tx.tuples(one_page(wanted, page))), total


async def one_service(tx: Transaction, service_id: UUID, today: date) -> FoundService:
    """A service that is known to exist, as it is found."""
    [found] = await _found(tx, await tx.tuples(_services(today).where(col(Service.id) == service_id)))
    return found


def _services(today: date) -> Select[Service, Organization, bool, bool]:
    closed, desk = _closed(today), _has_desk()
    joined = select(Service, Organization, closed.label("closed_today"), desk.label("has_desk"))
    return joined.join(Organization, col(Organization.id) == Service.organization_id)


def _closed(today: date) -> ColumnElement[bool]:
    here = col(Closure.organization_id) == Organization.id
    return exists().where(here, col(Closure.starts_on) <= today, col(Closure.ends_on) >= today)


def _has_desk() -> ColumnElement[bool]:
    here = col(Member.organization_id) == Organization.id
    return exists().where(here, col(Member.active), col(Member.roles).contains(["recipient"]))


def _accepting(today: date) -> ColumnElement[bool]:
    """The same rule as `obstacles` in domain/services.py, for the database to filter by."""
    return and_(
        col(Organization.active),
        col(Service.status) == "active",
        col(Service.capacity) != "no-capacity",
        ~_closed(today),
        _has_desk(),
    )


def _conditions(only: ServiceFilter, today: date) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if only.status is not None:
        found.append(col(Service.status) == only.status)
    else:
        found.append(and_(col(Organization.active), col(Service.status).in_(["active", "temporarily closed"])))
    if only.language is not None:
        found.append(col(Service.languages).contains([only.language.lower()]))
    if only.organization_id is not None:
        found.append(col(Service.organization_id) == only.organization_id)
    if only.target_group is not None:
        found.append(col(Service.target_groups).contains([only.target_group]))
    if only.accepting is not None:
        found.append(_accepting(today) if only.accepting else ~_accepting(today))
    return found


async def _found(tx: Transaction, rows: Sequence[tuple[Service, Organization, bool, bool]]) -> list[FoundService]:
    ids = [service.id for service, *_ in rows]
    former = select(ServiceAlias).where(among(ServiceAlias.service_id, ids))
    aliases: defaultdict[UUID, list[ServiceAlias]] = defaultdict(list)
    for alias in await tx.all(former.order_by(col(ServiceAlias.valid_until).desc())):
        aliases[alias.service_id].append(alias)
    links = (
        select(ServiceAtLocation, Location)
        .join(Location, col(Location.id) == ServiceAtLocation.location_id)
        .where(among(ServiceAtLocation.service_id, ids))
        .order_by(col(ServiceAtLocation.id))
    )
    locations: defaultdict[UUID, list[tuple[ServiceAtLocation, Location]]] = defaultdict(list)
    for link, location in await tx.tuples(links):
        locations[link.service_id].append((link, location))
    known = await tx.all(select(ServiceFacts).where(among(ServiceFacts.id, ids)))
    facts = {row.id: row for row in known}
    return [
        FoundService(
            service,
            organization,
            Situation(organization.active, service.status, service.capacity, closed_today, has_desk),
            aliases[service.id],
            locations[service.id],
            facts.get(service.id),
        )
        for service, organization, closed_today, has_desk in rows
    ]
