"""Days on which an organisation gives no service: all of them in one form, which replaces those there were."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import Administered, administered
from services.portal.pages.organization.editing import Editing, is_stale, refused
from services.portal.pages.organization.kinds import ByLanguage, Kind, Record, Rows
from services.portal.pages.organization.saying import done
from services.portal.pages.page import Page
from shared.clock import day_in_kuopio

router = APIRouter(prefix="/organizations/{organization_id}/closures")

PageOf = Annotated[Page, members("admin")]
_CLOSURE: Final = Record({"starts_on": Kind(), "ends_on": Kind(), "note": ByLanguage()})
CLOSURES: Final = Editing(
    Record({"closures": Rows(_CLOSURE)}),
    {"closures": "organization.closures.title"},
    {"closures": "starts_on"},
)


@router.get("")
async def show(page: PageOf, organization_id: UUID) -> Response:
    """The closures that are not over, with room for one more where there is none."""
    at = administered(page, organization_id)
    found = await at.organization()
    form = CLOSURES.filled(page, found.data)
    if not found["closures"]:
        form.values["closures.0.starts_on"] = [""]
    return _show(at, found, form, {"etag": found.etag})


@router.post("")
async def change(page: PageOf, organization_id: UUID) -> Response:
    """Replace the closures by those in the form."""
    at, form = administered(page, organization_id), page.form
    if focus := CLOSURES.step(form):
        return _show(at, await at.organization(), form, {"etag": form.version}, focus=focus)
    body = CLOSURES.body(form)
    problem = await refused(
        CLOSURES, form, lambda: page.catalog.put("/organizations/{id}/closures", body, etag=form.version, id=at.id)
    )
    if problem is None:
        return page.redirect(f"{at.path}/closures?done=closures")
    found = await at.organization()
    more: Mapping[str, Any] = {"etag": form.version}
    if is_stale(problem):
        more = await CLOSURES.stale(page, problem, found, found.data)
    return _show(at, found, form, more, status=422)


def _show(
    at: Administered,
    found: Answer,
    form: Form,
    more: Mapping[str, Any],
    *,
    status: int = 200,
    focus: str | None = None,
) -> Response:
    context = {
        "at": at,
        "organization": found.data,
        "done": done(at.page),
        "today": day_in_kuopio(at.page.now).isoformat(),
        **CLOSURES.context(form, focus),
        **more,
    }
    return at.page.render("organization/closures.html", status=status, **context)
