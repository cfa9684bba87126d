"""Commands on organisations: enter, change, close for some days, say where they are."""

from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.catalog.domain.rules import RuleBroken, check_closures, check_platform_untouched, check_slug
from services.catalog.queries import search
from services.catalog.schemas.organizations import Closures, Locations, NewOrganization, OrganizationChange
from services.catalog.tables import Closure, Location, Organization, ServiceAtLocation
from services.catalog.use_cases.names import ORGANIZATIONS, check_slug_free, keep_alias
from services.catalog.use_cases.recording import organization_changed
from services.catalog.use_cases.unit_of_work import Work, given, merged, slug_for
from shared.ids import new_id

_TEXTS = {"name": True, "alternate_name": False, "description": True}
"""Fields with texts → whether the organisation cannot be without."""


async def create_organization(work: Work, new: NewOrganization) -> Organization:
    """Enter an organisation. Raises NotYours, RuleBroken."""
    work.caller.check_administers_platform()
    name = given(new.name, "name", needed=True)
    slug = slug_for(new.slug, name)
    await _check_parent(work, None, new.parent_organization_id)
    await check_slug_free(work, ORGANIZATIONS, slug, None)
    organization = Organization(
        id=new_id(),
        slug=slug,
        name=name,
        alternate_name=given(new.alternate_name),
        description=given(new.description, "description", needed=True),
        **new.model_dump(include={"organization_type", "parent_organization_id", "email", "website"}),
    )
    work.session.add(organization)
    await search.index(work.session, organization)
    await organization_changed(work.session, work.outbox, organization)
    return organization


async def change_organization(work: Work, organization: Organization, change: OrganizationChange) -> Organization:
    """Change what the change names; a name or slug that was is kept as an alias. Raises RuleBroken."""
    changes: dict[str, Any] = change.model_dump(exclude_unset=True)
    check_platform_untouched(organization.slug, new_slug=changes.get("slug"), active=changes.get("active"))
    for field, needed in _TEXTS.items():
        if field in changes:
            changes[field] = merged(getattr(organization, field), getattr(change, field), field, needed=needed)
    changes = {field: value for field, value in changes.items() if getattr(organization, field) != value}
    if "slug" in changes:
        check_slug(changes["slug"])
        await check_slug_free(work, ORGANIZATIONS, changes["slug"], organization.id)
    if "parent_organization_id" in changes:
        await _check_parent(work, organization.id, changes["parent_organization_id"])
    if changes:
        await keep_alias(work, ORGANIZATIONS, organization, changes)
        for field, value in changes.items():
            setattr(organization, field, value)
        await search.index(work.session, organization)
        await _touched(work, organization)
    return organization


async def replace_closures(work: Work, organization: Organization, new: Closures) -> Organization:
    """Give an organisation these closures instead of those it had. Raises RuleBroken."""
    check_closures([(each.starts_on, each.ends_on) for each in new.closures])
    await work.session.execute(delete(Closure).where(col(Closure.organization_id) == organization.id))
    for each in new.closures:
        row = Closure(
            id=new_id(),
            organization_id=organization.id,
            starts_on=each.starts_on,
            ends_on=each.ends_on,
            note=given(each.note),
        )
        work.session.add(row)
    await work.session.flush()
    await _touched(work, organization)
    return organization


async def replace_locations(work: Work, organization: Organization, new: Locations) -> Organization:
    """Give an organisation these places instead of those it had. Raises RuleBroken for one that a service is at."""
    here = await work.session.exec(select(Location).where(Location.organization_id == organization.id))
    before = {row.id: row for row in here.all()}
    kept = {each.id for each in new.locations if each.id is not None}
    if kept - before.keys():
        raise RuleBroken("An id names a place that this organisation does not have.", "locations")
    await _check_unused(work, before.keys() - kept)
    await work.session.execute(delete(Location).where(col(Location.id).in_(before.keys() - kept)))
    for each in new.locations:
        values = each.model_dump(exclude={"id", "name", "description"})
        values |= {"name": given(each.name, "name", needed=True), "description": given(each.description)}
        row = before[each.id] if each.id else Location(id=new_id(), organization_id=organization.id, **values)
        for field, value in values.items():
            setattr(row, field, value)
        work.session.add(row)
    await _touched(work, organization)
    return organization


async def _touched(work: Work, organization: Organization) -> None:
    organization.version += 1
    organization.updated_at = work.now
    await organization_changed(work.session, work.outbox, organization)


async def _check_parent(work: Work, own_id: UUID | None, parent_id: UUID | None) -> None:
    """Raise RuleBroken unless the parent is known and does not stand below its child."""
    following = parent_id
    while following is not None:
        parent = await work.session.get(Organization, following)
        if parent is None:
            raise RuleBroken("There is no organisation with that id.", "parent_organization_id")
        if parent.id == own_id:
            raise RuleBroken("An organisation does not stand above itself.", "parent_organization_id")
        following = parent.parent_organization_id


async def _check_unused(work: Work, location_ids: set[UUID]) -> None:
    used = select(ServiceAtLocation.id).where(col(ServiceAtLocation.location_id).in_(location_ids)).limit(1)
    if (await work.session.exec(used)).first() is not None:
        raise RuleBroken("A service is given at a place that would go. Move it first.", "locations", conflict=True)
