"""A client of one's own organisation, with all that the organisation has referred the client to."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.pages.access import members
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.rows import address, cursor_in, row_of

router = APIRouter()


@router.get("/clients/{client_id}")
async def client(page: Annotated[Page, members("adviser")], client_id: UUID, after: str = "") -> Response:
    """A client and the referrals of the client, the newest first."""
    found = await page.referral.get("/clients/{id}/referrals", {"after": after, "limit": 25}, id=client_id)
    rows, following = found["contents"], cursor_in(found["next"])
    path = f"/clients/{client_id}"
    return page.render(
        "clients/client.html",
        client=await _client(page, client_id, rows),
        rows=[row_of(each, page.now, page.language) for each in rows],
        first=path if after else None,
        next=address(path, {"after": following}) if following else None,
    )


async def _client(page: Page, client_id: UUID, rows: list[JSON]) -> JSON | None:
    """The client's details, found by a reference: to open a referral for them would be a look at its answer."""
    if not rows:
        return None
    found = await page.referral.post("/clients/search", {"reference": rows[0]["reference"]})
    return next((each for each in found["contents"] if each["id"] == str(client_id)), None)
