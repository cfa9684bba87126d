"""What happens while a page is open: one stream for all windows of a browser, which says what has changed.

It never says how: `static/live.js` asks for the page anew. It holds no session open; see `pages/visitor.py`.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Header
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import AwareDatetime

from services.portal.clients.api import ApiProblem, Away
from services.portal.pages.access import members
from services.portal.pages.page import Page
from services.portal.pages.visitor import LIVE

_AGAIN_MS: Final = 5000
"""After so long a browser whose stream has ended asks again"""

router = APIRouter()


@router.get(LIVE, response_class=EventSourceResponse)
async def live(
    page: Annotated[Page, members()],
    since: AwareDatetime | None = None,
    last_event_id: Annotated[int | None, Header(ge=0)] = None,
) -> AsyncIterator[ServerSentEvent]:
    """Each event says how many notices are unseen, whether anything has `changed`, and of which referral it was told.

    `since` is when the page was made: what came in between is told at once. The stream ends with the session, and where
    the notification service is away.
    """
    try:
        counts = await page.notifications.get("/notices/counts")
        newest = counts["newest_at"]
        missed = since is not None and newest is not None and datetime.fromisoformat(newest) > since
        after = counts["newest"] if last_event_id is None else last_event_id
        yield _event(after, counts.data, changed=missed)
        async for number, notice in page.notifications.events("/notices/stream", after=after):
            if await page.state.account(page.request) is None:
                return
            counts = await page.notifications.get("/notices/counts")
            yield _event(number, counts.data, changed=True, referral=notice["referral_id"])
    except (ApiProblem, Away):
        return


def _event(number: object, counts: dict[str, object], *, changed: bool, referral: str | None = None) -> ServerSentEvent:
    told = {"unseen": counts["unseen"], "more": counts["more"], "changed": changed, "referral": referral}
    return ServerSentEvent(data=told, id=str(number), retry=_AGAIN_MS)
