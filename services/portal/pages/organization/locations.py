"""Places of an organisation and how to get there: all of them in one form, which replaces those there were."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import Administered, administered
from services.portal.pages.organization.editing import Editing, is_stale, refused
from services.portal.pages.organization.kinds import ByLanguage, Chosen, Kind, Record, Rows
from services.portal.pages.organization.saying import done
from services.portal.pages.page import Page
from services.portal.texts import of_code

router = APIRouter(prefix="/organizations/{organization_id}/locations")

PageOf = Annotated[Page, members("admin")]
TYPES: Final = ("physical", "postal", "virtual")
_LOCATION: Final = Record(
    {
        "id": Kind(),
        "location_type": Chosen(),
        "name": ByLanguage(needed=True),
        "description": ByLanguage(),
        "address_1": Kind(),
        "postal_code": Kind(),
        "city": Kind(),
        "url": Kind(),
        "transportation": ByLanguage(),
        "accessibility": Rows(Record({"description": ByLanguage(), "url": Kind()})),
    }
)
LOCATIONS: Final = Editing(
    Record({"locations": Rows(_LOCATION, quiet=("location_type",))}),
    {"locations": "organization.locations.title"},
    {"locations": "name.fi", "locations.accessibility": "description.fi"},
)


@router.get("")
async def show(page: PageOf, organization_id: UUID) -> Response:
    """The places, with room for one where there is none."""
    at = administered(page, organization_id)
    found = await at.organization()
    form = LOCATIONS.filled(page, _as_given(found))
    if not found["locations"]:
        form.values["locations.0.name.fi"] = [""]
    return _show(at, found, form, {"etag": found.etag})


@router.post("")
async def change(page: PageOf, organization_id: UUID) -> Response:
    """Replace the places by those in the form; one that was there keeps its id."""
    at, form = administered(page, organization_id), page.form
    if focus := LOCATIONS.step(form):
        return _show(at, await at.organization(), form, {"etag": form.version}, focus=focus)
    body = LOCATIONS.body(form)
    for number, each in enumerate(body["locations"]):
        _check(page, f"locations.{number}", each)
    if form.errors:
        return _show(at, await at.organization(), form, {"etag": form.version}, status=422)
    problem = await refused(
        LOCATIONS, form, lambda: page.catalog.put("/organizations/{id}/locations", body, etag=form.version, id=at.id)
    )
    if problem is None:
        return page.redirect(f"{at.path}/locations?done=locations")
    found = await at.organization()
    more: Mapping[str, Any] = {"etag": form.version}
    if is_stale(problem):
        more = await LOCATIONS.stale(page, problem, found, _as_given(found))
    return _show(at, found, form, more, status=422)


def _check(page: Page, row: str, place: dict[str, Any]) -> None:
    """What the API says of no place in particular, or shows nowhere: a place without name, half an address."""
    if not any(place["name"].values()):
        page.form.refuse(f"{row}.name.fi", page.t("organization.locations.name_needed"))
    if "address_1" in place:
        for name in ("postal_code", "city"):
            if name not in place:
                page.form.refuse(f"{row}.{name}", page.t("organization.locations.whole_address"))


def _as_given(found: Answer) -> dict[str, Any]:
    """The places with their street addresses as they are entered: beside the rest."""
    flat = [
        {**each, **{name: address[name] for address in each["addresses"][:1] for name in ("address_1", "postal_code")}}
        for each in found["locations"]
    ]
    return {"locations": flat}


def _show(
    at: Administered,
    found: Answer,
    form: Form,
    more: Mapping[str, Any],
    *,
    status: int = 200,
    focus: str | None = None,
) -> Response:
    types = [{"value": each, "label": of_code("organization.location_type", each, at.page.language)} for each in TYPES]
    context = {
        "at": at,
        "organization": found.data,
        "done": done(at.page),
        "types": types,
        **LOCATIONS.context(form, focus),
        **more,
    }
    return at.page.render("organization/locations.html", status=status, **context)
