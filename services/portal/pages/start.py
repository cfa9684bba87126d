"""The page on which a member's day begins: what needs them first, each with its count."""

from typing import Any, Final

from fastapi import Response

from services.portal.clients.api import Answer, Away, side_by_side
from services.portal.pages.coordinating import coordinating
from services.portal.pages.json_objects import JSON
from services.portal.pages.notices.shown import shown
from services.portal.pages.page import Page
from services.portal.pages.referrals.rows import how_many

_FIRST: Final = {
    "sent": ("answers_unseen", "declined", "expired", "unread_messages", "drafts"),
    "received": ("new", "overdue", "due_soon", "unread_messages", "mine", "unassigned"),
}
"""The queues that wait for somebody; those that are not named here go on by themselves"""
_LISTS: Final = {"sent": "/referrals", "received": "/desk"}


async def start_page(page: Page) -> Response:
    """The start page of the member who is signed in."""
    counts, notices, overall = await side_by_side(
        _counts(page), page.notifications.get("/notices", {"unseen": True, "limit": 5}), coordinating(page)
    )
    queues = counts["contents"] if isinstance(counts, Answer) else []
    return page.render(
        "home/start.html",
        counts=counts,
        coordinating=overall,
        groups=[group for box in ("received", "sent") if (group := _group(page, box, queues))],
        nothing_waits=not any(each["count"] for each in queues if each["queue"] in _FIRST[each["box"]]),
        notices=notices if isinstance(notices, Away) else [shown(each) for each in notices["contents"]],
        areas=[link for link in page.navigation if link.href not in ("/", "/notices")],
    )


async def _counts(page: Page) -> Answer | None:
    """How many referrals wait where; None for somebody who has none."""
    if page.account.roles.isdisjoint({"adviser", "recipient"}):
        return None
    return await page.referral.get("/referrals/counts")


def _group(page: Page, box: str, queues: list[JSON]) -> JSON | None:
    """The queues of one side: what waits for somebody, and what goes on."""
    own = [each for each in queues if each["box"] == box]
    if not own:
        return None
    by_name = {each["queue"]: each for each in own}
    return {
        "box": box,
        "first": [_item(page, by_name[name], attention=True) for name in _FIRST[box] if name in by_name],
        "rest": [_item(page, each, attention=False) for each in own if each["queue"] not in _FIRST[box]],
    }


def _item(page: Page, queue: JSON, *, attention: bool) -> dict[str, Any]:
    label = (
        page.code("home.sent", queue["queue"]) if queue["box"] == "sent" else page.code("home.received", queue["queue"])
    )
    count = how_many(queue, page.language) if queue["count"] else 0
    href = f"{_LISTS[queue['box']]}?queue={queue['queue']}"
    return {"href": href, "label": label, "count": count, "attention": attention}
