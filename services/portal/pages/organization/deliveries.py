"""How the notices to an organisation went: what arrived, what is tried again, what was given up and why."""

from typing import Annotated, Any, Final, Literal
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.clients.api import Answer, Away, side_by_side
from services.portal.pages.access import members
from services.portal.pages.organization.administered import Administered, administered
from services.portal.pages.organization.members import colleagues
from services.portal.pages.page import Page

router = APIRouter(prefix="/organizations/{organization_id}/deliveries")

_KINDS: Final = {
    "delivered": "good",
    "pending": "going",
    "failed": "bad",
    "exhausted": "bad",
    "bounced": "bad",
    "withdrawn": "",
}
_FAILED: Final = ("failed", "exhausted", "bounced")


@router.get("")
async def deliveries(
    page: Annotated[Page, members("admin")],
    organization_id: UUID,
    show: Annotated[Literal["failed", "all"], Query()] = "failed",
    after: Annotated[UUID | None, Query()] = None,
) -> Response:
    """Those that did not arrive, newest first; with `all` the others too. Only the organisation's own see them."""
    at = administered(page, organization_id)
    only_failed = show == "failed"
    context: dict[str, Any] = {"at": at, "only_failed": only_failed, "found": None, "rows": [], "next": None}
    if at.own:
        context |= await _found(at, after, only_failed=only_failed)
    organization = await at.organization()
    return page.render("organization/deliveries.html", organization=organization.data, **context)


async def _found(at: Administered, after: UUID | None, *, only_failed: bool) -> dict[str, Any]:
    page = at.page
    query = {
        "after": after,
        "limit": 50,
        "status": _FAILED if only_failed else None,
    }
    found, everybody = await side_by_side(page.notifications.get("/deliveries", query), colleagues(at))
    if isinstance(found, Away):
        return {"found": found}
    assert isinstance(found, Answer)
    emails = {} if isinstance(everybody, Away) else {each["id"]: each["email"] for each in everybody}
    rows = [
        {**each, "to": emails.get(each["member_id"]), "kind": _KINDS.get(each["status"], "")}
        for each in found["contents"]
    ]
    return {"found": found, "rows": rows, "next": _next(at, found["next"], only_failed=only_failed)}


def _next(at: Administered, link: str | None, *, only_failed: bool) -> str | None:
    """The following page of this page."""
    after = parse_qs(urlsplit(link or "").query).get("after", [""])[0]
    return f"{at.path}/deliveries?{'' if only_failed else 'show=all&'}after={after}" if after else None
