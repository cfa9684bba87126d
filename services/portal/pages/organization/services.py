"""Services of an organisation: which there are, entering one, changing one, saying whether there is room."""

from asyncio import gather
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import Administered, administered, all_of
from services.portal.pages.organization.editing import refused
from services.portal.pages.organization.paging import SIZE, Number, page_links, page_of
from services.portal.pages.organization.saying import done
from services.portal.pages.organization.service_choices import choices
from services.portal.pages.organization.service_form import CAPACITY, CHANGED, ENTERED, as_given, empty
from services.portal.pages.page import Page
from services.portal.texts import LANGUAGES
from shared.problems import not_found

router = APIRouter(prefix="/organizations/{organization_id}/services")

PageOf = Annotated[Page, members("admin")]
_NOT_OFFERED: Final = ("inactive", "defunct")


@router.get("")
async def list_services(
    page: PageOf, organization_id: UUID, number: Number = 1, left: Annotated[str, Query()] = ""
) -> Response:
    """The services that are offered, page by page; with `left` those that are not."""
    at = administered(page, organization_id)
    organization = await at.organization()
    services, others, last = await (_not_offered(at, number) if left else _offered(at, number))
    context = {
        "at": at,
        "organization": organization.data,
        "services": [{**each, "missing": missing_languages(each)} for each in services],
        "left": bool(left),
        "others": others,
        "done": done(page),
        **page_links(f"{at.path}/services", {"left": "1" if left else ""}, number, last=last),
    }
    return page.render("organization/services.html", **context)


@router.get("/new")
async def new(page: PageOf, organization_id: UUID) -> Response:
    """The form of a service that is not there yet."""
    at = administered(page, organization_id)
    return await _show_new(at, empty(page.language))


@router.post("/new")
async def enter(page: PageOf, organization_id: UUID) -> Response:
    """Enter a service, or another row in its form."""
    at, form = administered(page, organization_id), page.form
    if focus := ENTERED.step(form):
        return await _show_new(at, form, focus=focus)
    body = {**_said(ENTERED.body(form)), "organization_id": str(at.id)}
    problem = await refused(ENTERED, form, lambda: page.catalog.post("/services", body, key=form.key))
    if problem is not None:
        return await _show_new(at, form, status=422)
    return page.redirect(f"{at.path}/services?done=entered")


@router.get("/{service_id}")
async def one(page: PageOf, organization_id: UUID, service_id: UUID) -> Response:
    """A service, to change."""
    at = administered(page, organization_id)
    service = await _service_of(at, service_id)
    return await _show(at, service, CHANGED.filled(page, as_given(service.data)), {"etag": service.etag})


@router.post("/{service_id}")
async def change(page: PageOf, organization_id: UUID, service_id: UUID) -> Response:
    """Change a service: only what was changed in the form is said to the catalogue."""
    at, form = administered(page, organization_id), page.form
    service = await _service_of(at, service_id)
    if focus := CHANGED.step(form):
        return await _show(at, service, form, {"etag": form.version}, focus=focus)
    changes = CHANGED.changes(form)
    unsaved = await CHANGED.save(
        page,
        lambda: page.catalog.patch("/services/{id}", changes, etag=form.version, id=service_id),
        lambda: _service_of(at, service_id),
        lambda found: as_given(found.data),
    )
    if unsaved is None:
        return page.redirect(f"{at.path}/services/{service_id}?done=saved")
    return await _show(at, unsaved.found, form, unsaved.more, status=422)


@router.post("/{service_id}/capacity")
async def capacity(page: PageOf, organization_id: UUID, service_id: UUID) -> Response:
    """Say whether there is room."""
    at, form = administered(page, organization_id), page.form
    await _service_of(at, service_id)
    body = CAPACITY.body(form)["capacity"]
    unsaved = await CAPACITY.save(
        page,
        lambda: page.catalog.put("/services/{id}/capacity", body, etag=form.version, id=service_id),
        lambda: _service_of(at, service_id),
    )
    if unsaved is None:
        return page.redirect(f"{at.path}/services/{service_id}?done=capacity")
    service = unsaved.found
    shown = CHANGED.filled(page, as_given(service.data))
    shown.errors = form.errors
    more = {"etag": service.etag, "room": form}
    return await _show(at, service, shown, more, status=422)


async def services_of(at: Administered) -> list[dict[str, Any]]:
    """All services of the organisation: those that are offered, and behind them those that are not."""
    lists = await gather(*(all_of(at.page.catalog, "/services", query) for query in _asked(at, None, *_NOT_OFFERED)))
    return [service for found in lists for service in found]


async def _offered(at: Administered, number: int) -> tuple[list[dict[str, Any]], int, bool]:
    """Services of a page, how many are not offered, and whether the page is the last one."""
    [offered], counted = _asked(at, None), _asked(at, *_NOT_OFFERED)
    found, *others = await gather(
        at.page.catalog.get("/services", {**offered, "page": number, "size": SIZE}),
        *(at.page.catalog.get("/services", {**query, "size": 1, "full": False}) for query in counted),
    )
    return found["contents"], sum(each["total_items"] for each in others), found["last_page"]


async def _not_offered(at: Administered, number: int) -> tuple[Sequence[dict[str, Any]], int, bool]:
    """The same of those that are not offered, with how many are."""
    [offered], queries = _asked(at, None), _asked(at, *_NOT_OFFERED)
    others, *lists = await gather(
        at.page.catalog.get("/services", {**offered, "size": 1, "full": False}),
        *(all_of(at.page.catalog, "/services", query) for query in queries),
    )
    shown, last = page_of([service for found in lists for service in found], number)
    return shown, others["total_items"], last


def _asked(at: Administered, *statuses: str | None) -> list[dict[str, Any]]:
    return [{"organization_id": at.id, "status": status} for status in statuses]


def missing_languages(service: Mapping[str, Any]) -> list[str]:
    """The languages in which a service has no name or no description."""
    texts = service["translations"]
    return [each for each in LANGUAGES if not {"name", "description"} <= texts.get(each, {}).keys()]


async def _service_of(at: Administered, service_id: UUID) -> Answer:
    service = await at.page.catalog.get("/services/{id}", id=service_id)
    if service["organization_id"] != str(at.id):
        raise not_found("service")
    return service


def _said(body: dict[str, Any]) -> dict[str, Any]:
    """What a new service is entered with: what was left empty is left out."""
    return {name: value for name, value in body.items() if value not in (None, [])}


async def _show_new(at: Administered, form: Form, *, status: int = 200, focus: str | None = None) -> Response:
    organization = await at.organization()
    context = {
        "at": at,
        "organization": organization.data,
        **choices(form, organization.data, at.page.language),
        **ENTERED.context(form, focus),
    }
    return at.page.render("organization/service_new.html", status=status, **context)


async def _show(
    at: Administered,
    service: Answer,
    form: Form,
    more: Mapping[str, Any],
    *,
    status: int = 200,
    focus: str | None = None,
) -> Response:
    organization = await at.organization()
    context = {
        "at": at,
        "organization": organization.data,
        "service": service.data,
        "room": _room(at.page, service),
        "done": done(at.page),
        **choices(form, organization.data, at.page.language),
        **CHANGED.context(form, focus),
        **more,
    }
    return at.page.render("organization/service.html", status=status, **context)


def _room(page: Page, service: Answer) -> Form:
    return CAPACITY.filled(page, service.data)
