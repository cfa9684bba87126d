"""Services over HTTP: anybody searches and reads them, administrators of their organisation change them."""

from dataclasses import dataclass
from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.catalog.api.answers import service_fields, service_view
from services.catalog.api.dependencies import (
    KeptCountsOf,
    TodayOf,
    WorkOf,
    administers_some,
    location,
    organization_of_body,
    service_of_path,
    service_to_change,
)
from services.catalog.api.hits import found_page
from services.catalog.api.locale import LanguageOf, say_languages
from services.catalog.api.pages import CountPageOf, as_json
from services.catalog.api.repeating import OnceOf
from services.catalog.api.summaries import summary_of
from services.catalog.api.unfound_words import AskingOf
from services.catalog.queries.found_services import ServiceFilter
from services.catalog.queries.service_facts import FactsWanted
from services.catalog.queries.service_search import search_services
from services.catalog.queries.service_summaries import service_summaries
from services.catalog.queries.services import one_service, services_by_ids
from services.catalog.schemas.hits import ServicePage, ServiceSummaryPage
from services.catalog.schemas.parts import LanguageTag
from services.catalog.schemas.services import Capacity, NewService, ServiceChange, ServiceView, TargetGroup
from services.catalog.tables import Service
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.use_cases.services import change_service, create_service, set_capacity
from services.catalog.use_cases.unfound_words import count_unfound
from shared.events.catalog import Language, OrganizationType, ServiceStatus
from shared.values.texts import name_of
from shared.web.bodies import body, request_body
from shared.web.idempotency import KEY_TAKEN
from shared.web.json_api import TransactionOf
from shared.web.routing import Router
from shared.web.versions import IF_MATCH, etag, require_match

router = Router(prefix="/services", tags=["services"])

Area = Annotated[str, name_of(100)]
ToChange = Annotated[Service, Depends(service_to_change)]


async def wanted_facts(
    language: Annotated[LanguageTag | None, Query(description="Given in this language (BCP 47)")] = None,
    target_group: Annotated[TargetGroup | None, Query(description="For this target group")] = None,
    area: Annotated[Area | None, Query(description="Given in this city")] = None,
    organization_type: Annotated[OrganizationType | None, Query(description="Of an organisation of this type")] = None,
    accepting: Annotated[bool | None, Query(description="Whether a referral can be sent there today")] = None,
) -> FactsWanted:
    """The facts that a service should fit."""
    return FactsWanted(language, target_group, area, organization_type, accepting)


async def wanted_services(
    facts: Annotated[FactsWanted, Depends(wanted_facts)],
    query: Annotated[
        str | None, Query(max_length=200, description="Words, eight at most; what has all of them comes first")
    ] = None,
    organization_id: Annotated[UUID | None, Query(description="Of this organisation")] = None,
    status: Annotated[
        ServiceStatus | None,
        Query(description="By default active and temporarily closed ones; always of active organisations"),
    ] = None,
    exactly: Annotated[bool, Query(description="Look for no other word instead of one that is not known")] = False,
    unfit: Annotated[
        bool, Query(description="List those that do not fit the filters too, behind the others; `why` says which")
    ] = False,
) -> ServiceFilter:
    """The services that the query asks for."""
    return ServiceFilter(query, facts, organization_id, status, exactly, unfit)


@dataclass(frozen=True)
class Shown:
    """How services are shown: in which language, as of which day, and whether with all there is to say of them."""

    language: Language
    today: date
    full: bool


async def shown(
    language: LanguageOf,
    today: TodayOf,
    full: Annotated[
        bool, Query(description="`false`: of each only what a list shows; the whole one is at `/services/{id}`")
    ] = True,
) -> Shown:
    """How the caller wants services to be shown."""
    return Shown(language, today, full)


ShownOf = Annotated[Shown, Depends(shown)]


@router.get(
    "",
    operation_id="listServices",
    summary="Services by text and filters",
    response_model=ServicePage | ServiceSummaryPage,
)
async def services(
    tx: TransactionOf,
    kept: KeptCountsOf,
    page: CountPageOf,
    shown: ShownOf,
    response: Response,
    only: Annotated[ServiceFilter, Depends(wanted_services)],
    asking: AskingOf,
) -> Response:
    """Public: no token is needed. The best match comes first, without a text the order is by name."""
    found = await search_services(tx, kept, page, shown.language, only, shown.today)
    if asking.member_id and found.unknown and page.number == 1:
        await count_unfound(tx, asking.vault, asking.member_id, only.query or "", found.unknown, shown.today)
    if not shown.full:
        summaries = await service_summaries(tx, found.ids, shown.today)
        say_languages(response, shown.language, [each.row for each in summaries])
        brief = [summary_of(each, shown.language) for each in summaries]
        return as_json(ServiceSummaryPage.model_validate(found_page(page, found, brief, shown.language)), response)
    rows = await services_by_ids(tx, found.ids, shown.today)
    say_languages(response, shown.language, [each.row for each in rows])
    whole = [service_fields(each, shown.language, shown.today) for each in rows]
    return as_json(ServicePage.model_validate(found_page(page, found, whole, shown.language)), response)


@router.get("/{id}", operation_id="getService", summary="One service by id or slug")
async def service(
    tx: TransactionOf,
    row: Annotated[Service, Depends(service_of_path)],
    language: LanguageOf,
    today: TodayOf,
    response: Response,
) -> ServiceView:
    """Public: no token is needed."""
    response.headers["ETag"] = etag(row.version)
    say_languages(response, language, [row])
    return service_view(await one_service(tx, row.id, today), language, today)


@router.post(
    "",
    operation_id="createService",
    status_code=201,
    summary="Enter a service",
    dependencies=[Depends(administers_some)],
    openapi_extra=request_body(NewService) | KEY_TAKEN,
)
async def enter(
    request: Request,
    response: Response,
    work: WorkOf,
    new: Annotated[NewService, body(NewService)],
    language: LanguageOf,
    once: OnceOf,
) -> ServiceView:
    """Administrators of the organisation; those of the platform for any."""
    organization = await organization_of_body(work, new.organization_id)

    async def entered() -> ServiceView:
        row = await create_service(work, organization, new)
        response.headers["Location"] = location(request, f"/services/{row.id}")
        return await _answer(work, row, language, response)

    return await once(new, ServiceView, entered)


@router.patch(
    "/{id}",
    operation_id="updateService",
    summary="Change a service",
    openapi_extra=request_body(ServiceChange) | IF_MATCH,
)
async def change(
    request: Request,
    response: Response,
    work: WorkOf,
    row: ToChange,
    wanted: Annotated[ServiceChange, body(ServiceChange)],
    language: LanguageOf,
) -> ServiceView:
    """Needs `If-Match`."""
    require_match(request, row.version)
    return await _answer(work, await change_service(work, row, wanted), language, response)


@router.put(
    "/{id}/capacity",
    operation_id="setCapacity",
    summary="Say whether there is room",
    openapi_extra=request_body(Capacity) | IF_MATCH,
)
async def capacity(
    request: Request,
    response: Response,
    work: WorkOf,
    row: ToChange,
    wanted: Annotated[Capacity, body(Capacity)],
    language: LanguageOf,
) -> ServiceView:
    """Needs `If-Match`. With `no-capacity` the service is not `accepting`."""
    require_match(request, row.version)
    return await _answer(work, await set_capacity(work, row, wanted), language, response)


async def _answer(work: UnitOfWork, row: Service, language: Language, response: Response) -> ServiceView:
    response.headers["ETag"] = etag(row.version)
    say_languages(response, language, [row])
    return service_view(await one_service(work.tx, row.id, work.today), language, work.today)
