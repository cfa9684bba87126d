"""The inbox as it fills: notices as server-sent events, continued without a gap after a lost connection."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.notifications.api.answers import notice_view
from services.notifications.api.dependencies import NotificationsApp
from services.notifications.queries.notices import newest_number, own_notices_after
from shared.database.outages import is_outage
from shared.problems import Problem
from shared.web.base import state_of
from shared.web.json_api import ActorOf
from shared.web.routing import Router
from shared.web.tokens import authenticate

log = logging.getLogger(__name__)
router = Router()

_BATCH = 100
_HIGHEST_NUMBER = 2**63 - 1
"""The highest number that the database can hold. A higher one is refused while there is still a status to refuse it by:
once the stream has begun, 200 has been sent.
"""


@dataclass(frozen=True)
class Position:
    """How far a stream has come: the notice with the number `last` was sent last.

    Up to the number `present`, the newest when the stream began, notices that were seen are left out.
    """

    last: int
    present: int


async def place_of_stream(request: Request, actor: ActorOf) -> AsyncIterator[None]:
    """One of the streams that the caller may have open, until the answer has ended. Raises 429."""
    with state_of(request, NotificationsApp).notice_feed.place(actor.member_id):
        yield


@router.get(
    "/notices/stream",
    operation_id="streamNotices",
    tags=["notices"],
    summary="What I am told, as it happens (server-sent events)",
    response_class=EventSourceResponse,
    dependencies=[Depends(place_of_stream, scope="request")],
)
async def stream_notices(
    request: Request,
    actor: ActorOf,
    last_event_id: Annotated[
        int | None, Header(ge=0, le=_HIGHEST_NUMBER, description="Number of the last notice received")
    ] = None,
    follow: Annotated[bool, Query(description="false: end after what is there now")] = True,
) -> AsyncIterator[ServerSentEvent]:
    """Each event is named `notice`, its id is the notice's number in the caller's inbox, its data the notice.

    With `Last-Event-ID` the stream goes on after that number; without, it begins with all that is unseen.
    It ends when the token runs out or the account is closed.
    """
    state = state_of(request, NotificationsApp)
    feed = state.notice_feed
    position = None if last_event_id is None else Position(last_event_id, last_event_id)
    async with feed.reader():
        while True:
            news = feed.next()
            try:
                async with state.database.reading() as reader:
                    # Each time anew, so that a member who has left gets nothing more.
                    await authenticate(request, reader, state.verifier, state.find_member)
                    position = position or Position(0, await newest_number(reader, actor))
                    found = await own_notices_after(reader, actor, position.last, position.present, _BATCH)
            except Exception as error:
                if not (isinstance(error, Problem) or is_outage(error)):
                    raise
                log.info("a stream of notices ends: %s", type(error).__name__)
                return
            for notice, language in found:
                assert notice.number is not None, "the notice of a member has a number"
                shown = notice_view(notice, language, state.settings.public_url)
                yield ServerSentEvent(data=shown, event="notice", id=str(notice.number))
                position = Position(notice.number, position.present)
            if len(found) < _BATCH:
                if not follow:
                    return
                await feed.wait(news)
