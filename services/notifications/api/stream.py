"""The inbox as it fills: notices as server-sent events, continued without a gap after a lost connection."""

import logging
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from services.notifications.api.answers import notice_view
from services.notifications.api.dependencies import NotificationsApp
from services.notifications.api.notice_feed import OpenInbox
from services.notifications.queries.notices import newest_number, own_notices_after
from services.notifications.tables import Notice
from shared.actors import Actor
from shared.database.outages import is_outage
from shared.problems import Problem
from shared.web.base import state_of
from shared.web.json_api import ActorOf
from shared.web.routing import Router
from shared.web.tokens import authenticate, claims_of

log = logging.getLogger(__name__)
router = Router()

_BATCH = 100
_HIGHEST_NUMBER = 2**63 - 1
"""The highest number that the database can hold. A higher one is refused while there is still a status to refuse it by:
once the stream has begun, 200 has been sent.
"""


@dataclass(frozen=True)
class Position:
    """How far a stream has come: up to the number `last` it lacks nothing.

    Up to the number `present`, the newest when the stream began, notices that were seen are left out.
    """

    last: int
    present: int

    def after(self, sent: Sequence[int]) -> "Position":
        """The position after notices with these numbers, a portion of what there is, or the rest of it."""
        return Position(max(self.last, *sent, 0 if len(sent) == _BATCH else self.present), self.present)


async def inbox_to_open(request: Request, actor: ActorOf) -> AsyncIterator[OpenInbox]:
    """One of the streams that the caller may have open, until the answer has ended. Raises 429."""
    with state_of(request, NotificationsApp).notice_feed.opened(actor) as inbox:
        yield inbox


@router.get(
    "/notices/stream",
    operation_id="streamNotices",
    tags=["notices"],
    summary="What I am told, as it happens (server-sent events)",
    response_class=EventSourceResponse,
)
async def stream_notices(
    request: Request,
    actor: ActorOf,
    inbox: Annotated[OpenInbox, Depends(inbox_to_open, scope="request")],
    last_event_id: Annotated[
        int | None, Header(ge=0, le=_HIGHEST_NUMBER, description="Number of the last notice received")
    ] = None,
    follow: Annotated[bool, Query(description="false: end after what is there now")] = True,
) -> AsyncIterator[ServerSentEvent]:
    """Each event is named `notice`, its id is the notice's number in the caller's inbox, its data the notice.

    With `Last-Event-ID` the stream goes on after that number; without, it begins with all that is unseen, and so it
    does after a number that there is not any more, for a backup was restored meanwhile.
    It ends when the token runs out or the account is closed.
    """
    state = state_of(request, NotificationsApp)
    position: Position | None = None
    more = True
    while more or follow:
        try:
            if not more:
                await _news(request, state, inbox)
            position, found = await _look(request, state, actor, position, last_event_id)
        except Exception as error:
            if not (isinstance(error, Problem) or is_outage(error)):
                raise
            log.info("a stream of notices ends: %s", type(error).__name__)
            return
        for notice, language in found:
            shown = notice_view(notice, language, state.settings.public_url)
            yield ServerSentEvent(data=shown, event="notice", id=str(notice.number))
        inbox.sent, more = position.last, len(found) == _BATCH


async def _look(
    request: Request, state: NotificationsApp, actor: Actor, position: Position | None, last_event_id: int | None
) -> tuple[Position, list[tuple[Notice, str]]]:
    """What is to be sent next, and the position after that. Raises 401 where the caller may not read any more."""
    async with state.database.reading() as reader:
        # Each time anew, so that a member who has left gets nothing more.
        await authenticate(request, reader, state.verifier, state.find_member)
        position = position or _begin(last_event_id, await newest_number(reader, actor))
        found = await own_notices_after(reader, actor, position.last, position.present, _BATCH)
    return position.after([notice.number or 0 for notice, _ in found]), found


def _begin(last_event_id: int | None, newest: int) -> Position:
    """Where a stream begins. A number beyond the newest is of before a restore, and says nothing of what is there."""
    if last_event_id is None or last_event_id > newest:
        return Position(0, newest)
    return Position(last_event_id, last_event_id)


async def _news(request: Request, state: NotificationsApp, inbox: OpenInbox) -> None:
    """Wait for news. Raises 401 when the token has run out."""
    while not await inbox.wait():
        await claims_of(request, state.verifier)
