"""An organisation leaves the platform, or comes back."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer, ApiProblem
from services.portal.pages.access import platform_admins
from services.portal.pages.organization.administered import all_of
from services.portal.pages.organization.editing import is_stale
from services.portal.pages.page import Page
from shared.actors import PLATFORM_SLUG

router = APIRouter(prefix="/platform/organizations/{organization_id}")

PageOf = Annotated[Page, platform_admins()]


@router.get("/deactivate")
async def ask(page: PageOf, organization_id: UUID) -> Response:
    """What it means, before it is done."""
    return await _show(page, await page.catalog.get("/organizations/{id}", id=organization_id))


@router.post("/deactivate")
async def deactivate(page: PageOf, organization_id: UUID) -> Response:
    """End the access of all its members at once; its services are found no more."""
    return await _set(page, organization_id, active=False)


@router.post("/activate")
async def bring_back(page: PageOf, organization_id: UUID) -> Response:
    """Let the organisation in again, with the members that it had."""
    return await _set(page, organization_id, active=True)


async def _set(page: Page, organization_id: UUID, *, active: bool) -> Response:
    form = page.form
    try:
        await page.catalog.patch("/organizations/{id}", {"active": active}, etag=form.version, id=organization_id)
    except ApiProblem as problem:
        if problem.status not in (409, 412, 422):
            raise
        found = await page.catalog.get("/organizations/{id}", id=organization_id)
        if not is_stale(problem) or found["active"] is not active:
            form.take(problem)
            return await _show(page, found, status=422)
    word = "organization-returned" if active else "organization-left"
    return page.redirect(f"/organizations/{organization_id}?done={word}" if active else f"/platform?left=1&done={word}")


async def _show(page: Page, found: Answer, status: int = 200) -> Response:
    everybody = await all_of(page.catalog, "/members", {"organization_id": found["id"], "active": True})
    services: Any = {"total_items": 0}
    if found["active"]:
        services = await page.catalog.get("/services", {"organization_id": found["id"], "size": 1, "full": False})
    context = {
        "organization": found.data,
        "etag": found.etag,
        "members": len(everybody),
        "services": services["total_items"],
        "is_platform": found["slug"] == PLATFORM_SLUG,
    }
    return page.render("platform/leaving.html", status=status, **context)
