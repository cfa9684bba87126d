"""All organisations of the platform: to look for one, to enter one."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import platform_admins
from services.portal.pages.forms import Form
from services.portal.pages.organization.details import BY_PLATFORM, choices
from services.portal.pages.organization.editing import refused
from services.portal.pages.organization.paging import Number, page_links
from services.portal.pages.organization.saying import done
from services.portal.pages.page import Page

router = APIRouter(prefix="/platform")

PageOf = Annotated[Page, platform_admins()]
_SIZE = 25


@router.get("")
async def list_organizations(
    page: PageOf,
    query: Annotated[str, Query()] = "",
    left: Annotated[str, Query()] = "",
    number: Number = 1,
) -> Response:
    """The organisations by name or by text; with `left` those that were deactivated."""
    wanted: dict[str, Any] = {"page": number, "size": _SIZE}
    wanted |= {"active": False} if left else {"query": query[:200]}
    found = await page.catalog.get("/organizations", wanted)
    context = {
        "found": found.data,
        "left": bool(left),
        "form": Form.filled(page.language, {"query": "" if left else query}),
        "done": done(page),
        **page_links("/platform", {"left": "1"} if left else {"query": query}, number, last=found["last_page"]),
    }
    return page.render("platform/organizations.html", **context)


@router.get("/new")
async def new(page: PageOf) -> Response:
    """The form of an organisation that is not there yet."""
    return await _show(page, Form.filled(page.language, {"organization_type": "other"}))


@router.post("/new")
async def enter(page: PageOf) -> Response:
    """Enter an organisation; what it needs next is an administrator."""
    form, entered = page.form, []
    body = {name: value for name, value in BY_PLATFORM.body(form).items() if value is not None}

    async def saving() -> Answer:
        entered.append(await page.catalog.post("/organizations", body, key=form.key))
        return entered[0]

    if await refused(BY_PLATFORM, form, saving) is not None:
        return await _show(page, form, status=422)
    organization = UUID(entered[0]["id"])
    return page.redirect(f"/organizations/{organization}?done=organization-entered")


async def _show(page: Page, form: Form, status: int = 200) -> Response:
    context = {**await choices(page, None), **BY_PLATFORM.context(form)}
    return page.render("platform/organization_new.html", status=status, **context)
