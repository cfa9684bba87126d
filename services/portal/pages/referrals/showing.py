"""The page of one referral."""

from typing import Any
from uuid import UUID

from fastapi import Response

from services.portal.clients.api import Answer, Away, side_by_side
from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals import timeline
from services.portal.pages.referrals.all_steps import BY_COMMAND, open_steps
from services.portal.pages.referrals.colleagues import colleagues_of
from services.portal.pages.referrals.conversation import conversation_of, mark_read
from services.portal.pages.referrals.deadlines import time_left
from services.portal.pages.referrals.own_notices import see_with_page


async def show(page: Page, referral_id: UUID, *, status: int = 200, form: Form | None = None) -> Response:
    """The referral as the member's side sees it, with the steps that are open; `form` is one that was refused on it."""
    seen, happened, messages, deliveries, colleagues = await side_by_side(
        page.referral.get("/referrals/{id}", {"look": None if page.is_looked_at else False}, id=referral_id),
        page.referral.get("/referrals/{id}/timeline", id=referral_id),
        page.referral.get("/referrals/{id}/messages", {"limit": 100}, id=referral_id),
        page.notifications.get("/deliveries", {"referral_id": referral_id, "limit": 100}),
        colleagues_of(page),
    )
    for needed in (seen, happened, messages):
        if isinstance(needed, Away):
            raise needed
    referral: JSON = seen.data
    page.area = area_of(referral)
    names = timeline.Names.of(referral, colleagues, page.language)
    notices = {(each["event_id"], each["member_id"] or ""): each["seen_at"] for each in _contents(deliveries)}
    await mark_read(page, referral, messages.data)
    await see_with_page(page, deliveries)
    done = page.request.query_params.get("done", "")
    return page.render(
        "referrals/referral.html",
        status=status,
        form=form or page.form,
        referral=referral,
        etag=seen.etag,
        steps=open_steps(referral),
        deadline=time_left(referral, page.now, page.language),
        events=timeline.shown(happened["contents"], names, referral["reference"], notices),
        messages=conversation_of(messages["contents"], names),
        names=names,
        notices_away=isinstance(deliveries, Away),
        done=BY_COMMAND[done].done if done in BY_COMMAND and status == 200 else None,
        may_write=_may_write(referral),
        back=_back(page, referral),
    )


def area_of(referral: JSON) -> str | None:
    """The area in the head of pages that a received referral belongs to; of one's own the address says it."""
    return "/desk" if referral["side"] == "target" else None


def _back(page: Page, referral: JSON) -> str:
    """The list from which the referral was opened, with its filters; else the first of its side.

    Who received it is a recipient; for anybody else there is no desk to go back to.
    """
    first = "/referrals" if referral["side"] == "source" else "/desk"
    queues = ["/desk"] if "recipient" in page.account.roles else []
    return page.list_before("/referrals", "/clients/", *queues) or first


def _contents(answer: Answer | Away) -> list[Any]:
    return [] if isinstance(answer, Away) else list(answer["contents"])


def _may_write(referral: JSON) -> bool:
    """Whether the sides may write to each other: from sending until it is closed."""
    return bool(
        referral["sent_at"] and not referral["closed_at"] and referral["status"] not in ("draft", "entered-in-error")
    )
