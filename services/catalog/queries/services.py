"""Reading services: one by its id or slug, some by their ids, with what belongs to each."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, or_
from sqlmodel import col, select

from services.catalog.domain.names import is_slug
from services.catalog.domain.services import Situation
from services.catalog.queries.pages import among, as_uuid, one_row
from services.catalog.tables import (
    Closure,
    Location,
    Member,
    Organization,
    Service,
    ServiceAlias,
    ServiceAtLocation,
    ServiceFacts,
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


async def services_by_ids(tx: Transaction, ids: Sequence[UUID], today: date) -> list[FoundService]:
    """The services with these ids, in this order."""
    found = await _found(tx, await tx.tuples(_services(today).where(among(Service.id, ids))))
    by_id = {each.row.id: each for each in found}
    return [by_id[key] for key in ids if key in by_id]


async def one_service(tx: Transaction, service_id: UUID, today: date) -> FoundService:
    """A service that is known to exist, as it is found."""
    [found] = await _found(tx, await tx.tuples(_services(today).where(col(Service.id) == service_id)))
    return found


def _services(today: date) -> Select[Service, Organization, bool, bool]:
    closed, desk = closed_on(today), has_desk()
    joined = select(Service, Organization, closed.label("closed_today"), desk.label("has_desk"))
    return joined.join(Organization, col(Organization.id) == Service.organization_id)


def closed_on(today: date) -> ColumnElement[bool]:
    here = col(Closure.organization_id) == Organization.id
    return exists().where(here, col(Closure.starts_on) <= today, col(Closure.ends_on) >= today)


def has_desk() -> ColumnElement[bool]:
    here = col(Member.organization_id) == Organization.id
    return exists().where(here, col(Member.active), col(Member.roles).contains(["recipient"]))


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
