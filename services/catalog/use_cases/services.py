"""Commands on services: enter, change, say whether there is room."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.catalog.domain.names import check_slug, slug_for, sort_keys
from services.catalog.domain.services import check_capacity, check_response_days
from services.catalog.schemas.services import Capacity, NewService, ServiceChange
from services.catalog.tables import Location, Organization, Service, ServiceAtLocation
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.details import DETAILS, details_after
from services.catalog.use_cases.names import SERVICES, check_slug_free, keep_alias
from services.catalog.use_cases.recording import record_service_change
from services.catalog.use_cases.refusals import command, invalid_field
from services.catalog.use_cases.search_index import refresh_index
from services.catalog.use_cases.texts import given, merged, merged_keywords
from shared.ids import new_id

_TEXTS = {"name": True, "alternate_name": False, "description": False, "eligibility_description": False}
"""Fields with texts → whether the service cannot be without."""

_DAYS = ("response_days", "urgent_response_days", "expiry_days")


@command
async def create_service(work: UnitOfWork, organization: Organization, new: NewService) -> Service:
    """Enter a service of that organisation. Raises 422, 409."""
    name = given(new.name, "name", needed=True)
    slug = slug_for(new.slug, name)
    check_capacity(new.capacity.status, new.capacity.available)
    check_response_days(new.response_days, new.urgent_response_days, new.expiry_days)
    await _check_locations(work, organization.id, new.location_ids)
    await check_slug_free(work, SERVICES, slug, None)
    service = Service(
        id=new_id(),
        slug=slug,
        organization_id=organization.id,
        name=name,
        sort_keys=sort_keys(name),
        alternate_name=given(new.alternate_name),
        description=given(new.description),
        eligibility_description=given(new.eligibility_description),
        keywords=None if new.keywords is None else merged_keywords(None, new.keywords),
        **details_after(None, new),
        capacity=new.capacity.status,
        available=new.capacity.available,
        capacity_updated_at=work.now,
        created_at=work.now,
        updated_at=work.now,
        **new.model_dump(include={"status", "languages", "target_groups", "url", "email", *_DAYS}),
    )
    work.tx.insert(service)
    _give_at(work, service, new.location_ids)
    record_service_change(work.tx, work.outbox, service)
    await refresh_index(work.tx, [organization])
    return service


@command
async def change_service(work: UnitOfWork, service: Service, change: ServiceChange) -> Service:
    """Change what the change names; a name or slug that was is kept as an alias. Raises 422, 409."""
    changes: dict[str, Any] = change.model_dump(exclude_unset=True, exclude=DETAILS) | details_after(service, change)
    location_ids = changes.pop("location_ids", None)
    for field, needed in _TEXTS.items():
        if field in changes:
            changes[field] = merged(getattr(service, field), getattr(change, field), field, needed=needed)
    if "keywords" in changes:
        changes["keywords"] = merged_keywords(service.keywords, change.keywords)
    changes = {field: value for field, value in changes.items() if getattr(service, field) != value}
    if changes.keys() & set(_DAYS):
        check_response_days(*(changes.get(name, getattr(service, name)) for name in _DAYS))
    if "name" in changes:
        changes["sort_keys"] = sort_keys(changes["name"])
    if "slug" in changes:
        check_slug(changes["slug"])
        await check_slug_free(work, SERVICES, changes["slug"], service.id)
    moved = location_ids is not None and await _moved(work, service, location_ids)
    if changes or moved:
        await keep_alias(work, SERVICES, service, changes)
        for field, value in changes.items():
            setattr(service, field, value)
        _record_change(work, service)
        await refresh_index(work.tx, [await work.tx.get_one(Organization, service.organization_id)])
    return service


@command
async def set_capacity(work: UnitOfWork, service: Service, capacity: Capacity) -> Service:
    """Say whether there is room. Saying the same again counts as news, for it is confirmed. Raises 422."""
    check_capacity(capacity.status, capacity.available)
    service.capacity = capacity.status
    service.available = capacity.available
    service.capacity_updated_at = work.now
    _record_change(work, service)
    return service


def _record_change(work: UnitOfWork, service: Service) -> None:
    service.version += 1
    service.updated_at = work.now
    work.tx.update(service)
    record_service_change(work.tx, work.outbox, service)


async def _moved(work: UnitOfWork, service: Service, location_ids: Sequence[UUID]) -> bool:
    """Give the service at these locations; returns whether that is any change."""
    mine = select(ServiceAtLocation.location_id).where(col(ServiceAtLocation.service_id) == service.id)
    if set(await work.tx.all(mine)) == set(location_ids):
        return False
    await _check_locations(work, service.organization_id, location_ids)
    await work.tx.execute(delete(ServiceAtLocation).where(col(ServiceAtLocation.service_id) == service.id))
    _give_at(work, service, location_ids)
    return True


def _give_at(work: UnitOfWork, service: Service, location_ids: Sequence[UUID]) -> None:
    for location_id in location_ids:
        work.tx.insert(ServiceAtLocation(id=new_id(), service_id=service.id, location_id=location_id))


async def _check_locations(work: UnitOfWork, organization_id: UUID, location_ids: Sequence[UUID]) -> None:
    own = select(Location.id).where(
        col(Location.organization_id) == organization_id, col(Location.id).in_(location_ids)
    )
    if len(await work.tx.all(own)) != len(location_ids):
        raise invalid_field("An id names a place that the organisation does not have.", "location_ids")
