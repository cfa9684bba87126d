"""Days on which an organisation gives no service."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import members
from services.portal.pages.organization.editing import Editing
from services.portal.pages.organization.kinds import ByLanguage, Kind, Record, Rows
from services.portal.pages.organization.lists import ListPage
from services.portal.pages.page import Page
from shared.clock import day_in_kuopio

router = APIRouter(prefix="/organizations/{organization_id}/closures")

PageOf = Annotated[Page, members("admin")]


def _as_given(page: Page, found: Answer) -> dict[str, Any]:
    """The closures as they come; behind them those that are over."""
    today = day_in_kuopio(page.now).isoformat()
    return {"closures": sorted(found["closures"], key=lambda each: (each["ends_on"] < today, each["starts_on"]))}


CLOSURES: Final = ListPage(
    "closures",
    Editing(
        Record({"closures": Rows(Record({"starts_on": Kind(), "ends_on": Kind(), "note": ByLanguage()}), most=100)}),
        {"closures": "organization.closures.title"},
        {"closures": "starts_on"},
    ),
    _as_given,
    lambda page: {},
    20,
    lambda closure: f"{closure['starts_on']} \N{EN DASH} {closure['ends_on']}",
)


@router.get("")
async def show(page: PageOf, organization_id: UUID) -> Response:
    """The closures that are to come, and those that are over."""
    return await CLOSURES.show(page, organization_id)


@router.post("")
async def change(page: PageOf, organization_id: UUID) -> Response:
    """Replace the closures by those in the form."""
    return await CLOSURES.change(page, organization_id)
