"""Places of an organisation, and how to get there."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, get_args
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import members
from services.portal.pages.organization.editing import Editing
from services.portal.pages.organization.kinds import ByLanguage, Chosen, Kind, Record, Rows
from services.portal.pages.organization.lists import ListPage
from services.portal.pages.page import Page
from services.portal.texts import of_code
from shared.events.catalog import LocationType

router = APIRouter(prefix="/organizations/{organization_id}/locations")

PageOf = Annotated[Page, members("admin")]
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
        "accessibility": Rows(Record({"description": ByLanguage(), "url": Kind()}), most=20),
    }
)


def _check(page: Page, body: Mapping[str, Any]) -> None:
    """Refuse what the API says of no place in particular, or shows nowhere: a place without name, half an address."""
    for number, place in enumerate(body["locations"]):
        row = f"locations.{number}"
        if not any(place["name"].values()):
            page.form.refuse(f"{row}.name.fi", page.t("organization.locations.name_needed"))
        missing = [name for name in ("postal_code", "city") if "address_1" in place and name not in place]
        for name in missing:
            page.form.refuse(f"{row}.{name}", page.t("organization.locations.whole_address"))


def _as_given(page: Page, found: Answer) -> dict[str, Any]:
    """The places with their street addresses as they are entered: beside the rest."""
    flat = [
        {**each, **{name: address[name] for address in each["addresses"][:1] for name in ("address_1", "postal_code")}}
        for each in found["locations"]
    ]
    return {"locations": flat}


def _types(page: Page) -> dict[str, Any]:
    options = [
        {"value": each, "label": of_code("organization.location_type", each, page.language)}
        for each in get_args(LocationType)
    ]
    return {"types": options}


LOCATIONS: Final = ListPage(
    "locations",
    Editing(
        Record({"locations": Rows(_LOCATION, quiet=("location_type",))}),
        {"locations": "organization.locations.title"},
        {"locations": "name.fi", "locations.accessibility": "description.fi"},
        beside={"too-large": "locations"},
    ),
    _as_given,
    _types,
    4,
    lambda place: str(place["name"]),
    _check,
)


@router.get("")
async def show(page: PageOf, organization_id: UUID) -> Response:
    """The places."""
    return await LOCATIONS.show(page, organization_id)


@router.post("")
async def change(page: PageOf, organization_id: UUID) -> Response:
    """Replace the places by those in the form; one that was there keeps its id."""
    return await LOCATIONS.change(page, organization_id)
