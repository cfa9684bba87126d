"""Commands on organisations: enter, change, close for some days, say where they are."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.catalog.domain.names import check_slug, slug_for, sort_keys
from services.catalog.domain.organizations import check_closures, check_platform_slug, may_be_deactivated
from services.catalog.queries.organizations import closures_of
from services.catalog.schemas.locations import Locations
from services.catalog.schemas.organizations import Closures, NewOrganization, OrganizationChange
from services.catalog.tables import Closure, Location, Organization, ServiceAtLocation
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.details import as_entries
from services.catalog.use_cases.names import ORGANIZATIONS, check_slug_free, keep_alias
from services.catalog.use_cases.recording import record_organization_change
from services.catalog.use_cases.refusals import command, invalid_field
from services.catalog.use_cases.search_index import refresh_index
from services.catalog.use_cases.texts import given, merged
from shared.ids import new_id
from shared.problems import conflict

_TEXTS = {"name": True, "alternate_name": False, "description": True}
"""Fields with texts → whether the organisation cannot be without."""


@command
async def create_organization(work: UnitOfWork, new: NewOrganization) -> Organization:
    """Enter an organisation. Raises 422, 409."""
    name = given(new.name, "name", needed=True)
    slug = slug_for(new.slug, name)
    await _check_parent(work, None, new.parent_organization_id)
    await check_slug_free(work, ORGANIZATIONS, slug, None)
    organization = Organization(
        id=new_id(),
        slug=slug,
        name=name,
        sort_keys=sort_keys(name),
        alternate_name=given(new.alternate_name),
        description=given(new.description, "description", needed=True),
        created_at=work.now,
        updated_at=work.now,
        **new.model_dump(include={"organization_type", "parent_organization_id", "email", "website"}),
    )
    work.tx.insert(organization)
    record_organization_change(work.tx, work.outbox, organization, ())
    await refresh_index(work.tx, [organization])
    return organization


@command
async def change_organization(work: UnitOfWork, organization: Organization, change: OrganizationChange) -> Organization:
    """Change what the change names; a name or slug that was is kept as an alias. Raises 422, 409."""
    changes: dict[str, Any] = change.model_dump(exclude_unset=True)
    check_platform_slug(organization.slug, changes.get("slug", organization.slug))
    if changes.get("active") is False and not may_be_deactivated(organization.slug):
        raise conflict("The organisation that runs the platform stays active.")
    for field, needed in _TEXTS.items():
        if field in changes:
            changes[field] = merged(getattr(organization, field), getattr(change, field), field, needed=needed)
    changes = {field: value for field, value in changes.items() if getattr(organization, field) != value}
    if "slug" in changes:
        check_slug(changes["slug"])
        await check_slug_free(work, ORGANIZATIONS, changes["slug"], organization.id)
    if "parent_organization_id" in changes:
        await _check_parent(work, organization.id, changes["parent_organization_id"])
    if "name" in changes:
        changes["sort_keys"] = sort_keys(changes["name"])
    if changes:
        await keep_alias(work, ORGANIZATIONS, organization, changes)
        former_email = organization.email if "email" in changes else None
        for field, value in changes.items():
            setattr(organization, field, value)
        _record_change(work, organization, await closures_of(work.tx, organization.id), former_email)
        await refresh_index(work.tx, [organization])
    return organization


@command
async def replace_closures(work: UnitOfWork, organization: Organization, new: Closures) -> Organization:
    """Give an organisation these closures instead of those it had. Raises 422."""
    check_closures([(each.starts_on, each.ends_on) for each in new.closures])
    await work.tx.execute(delete(Closure).where(col(Closure.organization_id) == organization.id))
    closures = [
        Closure(
            id=new_id(),
            organization_id=organization.id,
            starts_on=each.starts_on,
            ends_on=each.ends_on,
            note=given(each.note),
        )
        for each in new.closures
    ]
    work.tx.insert(*closures)
    _record_change(work, organization, closures)
    return organization


@command
async def replace_locations(work: UnitOfWork, organization: Organization, new: Locations) -> Organization:
    """Give an organisation these locations instead of those it had.

    Raises 422, and 409 when a service is given at a location that would go.
    """
    here = await work.tx.all(select(Location).where(col(Location.organization_id) == organization.id))
    before = {row.id: row for row in here}
    kept = {each.id for each in new.locations if each.id is not None}
    if kept - before.keys():
        raise invalid_field("An id names a place that this organisation does not have.", "locations")
    await _check_unused(work, before.keys() - kept)
    await work.tx.execute(delete(Location).where(col(Location.id).in_(before.keys() - kept)))
    for each in new.locations:
        values = each.model_dump(exclude={"id", "name", "description", "transportation", "accessibility"})
        values |= {
            "name": given(each.name, "name", needed=True),
            "description": given(each.description),
            "transportation": given(each.transportation),
            "accessibility": as_entries(each.accessibility),
        }
        if each.id is None:
            work.tx.insert(Location(id=new_id(), organization_id=organization.id, **values))
        else:
            row = before[each.id]
            for field, value in values.items():
                setattr(row, field, value)
            work.tx.update(row)
    _record_change(work, organization, await closures_of(work.tx, organization.id))
    return organization


def _record_change(
    work: UnitOfWork, organization: Organization, closures: Sequence[Closure], former_email: str | None = None
) -> None:
    organization.version += 1
    organization.updated_at = work.now
    work.tx.update(organization)
    record_organization_change(work.tx, work.outbox, organization, closures, former_email)


async def _check_parent(work: UnitOfWork, own_id: UUID | None, parent_id: UUID | None) -> None:
    """Raise 422 unless the parent is known and does not stand below its child."""
    following = parent_id
    while following is not None:
        parent = await work.tx.get(Organization, following)
        if parent is None:
            raise invalid_field("There is no organisation with that id.", "parent_organization_id")
        if parent.id == own_id:
            raise invalid_field("An organisation does not stand above itself.", "parent_organization_id")
        following = parent.parent_organization_id


async def _check_unused(work: UnitOfWork, location_ids: set[UUID]) -> None:
    used = select(ServiceAtLocation.id).where(col(ServiceAtLocation.location_id).in_(location_ids)).limit(1)
    if await work.tx.first(used) is not None:
        raise conflict("A service is given at a place that would go. Move it first.")
