"""The front page for visitors, and the page on which a member's day begins."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.portal.pages.access import anybody
from services.portal.pages.page import Page
from services.portal.pages.start import start_page

router = APIRouter()


@router.get("/")
async def home(page: Annotated[Page, anybody()]) -> Response:
    """What Luotsi is, and the way in; to a member the start page."""
    if page.member is None:
        return page.render("home/front.html")
    return await start_page(page)
