"""Organisations over HTTP: anybody reads them, their administrators change them."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from services.catalog.api.answers import organization_view
from services.catalog.api.dependencies import (
    TodayOf,
    WorkOf,
    administers_platform,
    location,
    organization_of_path,
    organization_to_change,
    require_may_change_organization,
)
from services.catalog.api.hits import showing
from services.catalog.api.locale import LanguageOf, say_languages
from services.catalog.api.pages import CountPageOf, page_fields
from services.catalog.api.repeating import OnceOf
from services.catalog.queries.organizations import page_of_organizations, with_belongings
from services.catalog.schemas.hits import OrganizationPage
from services.catalog.schemas.locations import Locations
from services.catalog.schemas.organizations import (
    Closures,
    NewOrganization,
    OrganizationChange,
    OrganizationView,
)
from services.catalog.tables import Organization
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.organizations import (
    change_organization,
    create_organization,
    replace_closures,
    replace_locations,
)
from shared.events.catalog import Language
from shared.problems import invalid
from shared.web.bodies import body, request_body
from shared.web.idempotency import KEY_TAKEN
from shared.web.json_api import TransactionOf
from shared.web.routing import Router
from shared.web.versions import IF_MATCH, etag, require_match

router = Router(prefix="/organizations", tags=["organisations"])

ToChange = Annotated[Organization, Depends(organization_to_change)]


@dataclass(frozen=True)
class OrganizationsWanted:
    """Which organisations: with these words, or by name; `active` False: those that were deactivated."""

    query: str | None
    exactly: bool
    active: bool


async def wanted_organizations(
    query: Annotated[
        str | None, Query(max_length=200, description="Words of names, former names, descriptions; the first eight")
    ] = None,
    exactly: Annotated[bool, Query(description="Look for no other word instead of one that is not known")] = False,
    active: Annotated[bool, Query(description="`false`: those that were deactivated, without `query`")] = True,
) -> OrganizationsWanted:
    """The organisations that the query asks for. Raises 422 for a search among those that were deactivated."""
    if query and not active:
        detail = "Only active organisations are searched. Leave `query` out to list the others."
        raise invalid(detail, [{"field": "query.query", "message": "not together with `active=false`"}])
    return OrganizationsWanted(query, exactly, active)


@router.get("", operation_id="listOrganizations", summary="Active organisations, by name or by text")
async def organizations(
    tx: TransactionOf,
    page: CountPageOf,
    language: LanguageOf,
    today: TodayOf,
    response: Response,
    only: Annotated[OrganizationsWanted, Depends(wanted_organizations)],
) -> OrganizationPage:
    """Public: no token is needed. The best match comes first, without a text the order is by name."""
    found = await page_of_organizations(tx, page, language, only.query, exactly=only.exactly, active=only.active)
    say_languages(response, language, [each.row for each in found.rows])
    views = [organization_view(each, language, today) for each in found.rows]
    instead = showing(found.showing) if found.showing is not None else None
    return OrganizationPage(**page_fields(page, views, found.total), showing=instead)


@router.get("/{id}", operation_id="getOrganization", summary="One organisation by id, slug or former slug")
async def organization(
    tx: TransactionOf,
    row: Annotated[Organization, Depends(organization_of_path)],
    language: LanguageOf,
    today: TodayOf,
    response: Response,
) -> OrganizationView:
    """Public: no token is needed."""
    response.headers["ETag"] = etag(row.version)
    say_languages(response, language, [row])
    [found] = await with_belongings(tx, [row])
    return organization_view(found, language, today)


@router.post(
    "",
    operation_id="createOrganization",
    status_code=201,
    summary="Enter an organisation",
    dependencies=[Depends(administers_platform)],
    openapi_extra=request_body(NewOrganization) | KEY_TAKEN,
)
async def enter(
    request: Request,
    response: Response,
    work: WorkOf,
    new: Annotated[NewOrganization, body(NewOrganization)],
    language: LanguageOf,
    once: OnceOf,
) -> OrganizationView:
    """Administrators of the platform only."""

    async def entered() -> OrganizationView:
        row = await create_organization(work, new)
        response.headers["Location"] = location(request, f"/organizations/{row.id}")
        return await _answer(work, row, language, response)

    return await once(new, OrganizationView, entered)


@router.patch(
    "/{id}",
    operation_id="updateOrganization",
    summary="Change an organisation",
    openapi_extra=request_body(OrganizationChange) | IF_MATCH,
)
async def change(
    request: Request,
    response: Response,
    work: WorkOf,
    row: ToChange,
    wanted: Annotated[OrganizationChange, body(OrganizationChange)],
    language: LanguageOf,
) -> OrganizationView:
    """Needs `If-Match`. A former name or slug is kept as an alias, and goes on being found.

    Type and parent are set by administrators of the platform, who alone bring an organisation back.
    """
    require_may_change_organization(work.caller, row, wanted)
    require_match(request, row.version)
    return await _answer(work, await change_organization(work, row, wanted), language, response)


@router.put(
    "/{id}/closures",
    operation_id="replaceClosures",
    summary="Say on which days it is closed",
    openapi_extra=request_body(Closures) | IF_MATCH,
)
async def close(
    request: Request,
    response: Response,
    work: WorkOf,
    row: ToChange,
    wanted: Annotated[Closures, body(Closures)],
    language: LanguageOf,
) -> OrganizationView:
    """Needs `If-Match`. Replaces all closures; on those days its services are not `accepting`."""
    require_match(request, row.version)
    return await _answer(work, await replace_closures(work, row, wanted), language, response)


@router.put(
    "/{id}/locations",
    operation_id="replaceLocations",
    summary="Say where it is",
    openapi_extra=request_body(Locations) | IF_MATCH,
)
async def locate(
    request: Request,
    response: Response,
    work: WorkOf,
    row: ToChange,
    wanted: Annotated[Locations, body(Locations)],
    language: LanguageOf,
) -> OrganizationView:
    """Needs `If-Match`. Replaces all locations; one with the `id` of one that is there keeps it."""
    require_match(request, row.version)
    return await _answer(work, await replace_locations(work, row, wanted), language, response)


async def _answer(work: UnitOfWork, row: Organization, language: Language, response: Response) -> OrganizationView:
    response.headers["ETag"] = etag(row.version)
    say_languages(response, language, [row])
    [found] = await with_belongings(work.tx, [row])
    return organization_view(found, language, work.today)
