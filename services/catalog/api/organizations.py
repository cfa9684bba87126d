"""Organisations over HTTP: anybody reads them, their administrators change them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from services.catalog.api.dependencies import TodayOf, organization_of_path
from services.catalog.api.locale import LanguageOf
from services.catalog.api.pages import CountPageOf, Page, make_page
from services.catalog.api.render import organization_view
from services.catalog.api.views import OrganizationView
from services.catalog.queries.organizations import page_of_organizations, with_belongings
from services.catalog.tables import Organization
from shared.versions import etag
from shared.web import SessionOf

router = APIRouter(prefix="/organizations", tags=["organisations"])


@router.get("", summary="Active organisations, by name or by text", response_model_exclude_none=True)
async def organizations(
    session: SessionOf,
    page: CountPageOf,
    language: LanguageOf,
    today: TodayOf,
    query: Annotated[
        str | None, Query(max_length=200, description="Words of names, former names, descriptions")
    ] = None,
) -> Page[OrganizationView]:
    """Public: no token is needed."""
    found, total = await page_of_organizations(session, page, language, query)
    return make_page(page, [organization_view(each, language, today) for each in found], total)


@router.get("/{id}", summary="One organisation by id, slug or former slug", response_model_exclude_none=True)
async def organization(
    session: SessionOf,
    row: Annotated[Organization, Depends(organization_of_path)],
    language: LanguageOf,
    today: TodayOf,
    response: Response,
) -> OrganizationView:
    """Public: no token is needed."""
    response.headers["ETag"] = etag(row.version)
    [found] = await with_belongings(session, [row])
    return organization_view(found, language, today)
