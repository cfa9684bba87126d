"""The inbox as it fills: notices as server-sent events, continued without a gap after a lost connection."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications.api.notice_listener import NoticeListener
from services.notifications.schemas.views import NoticeView, notice_view
from services.notifications.tables import Notice
from services.notifications.use_cases import visibility
from shared.actors import Actor
from shared.database.connections import run_plainly
from shared.database.outages import is_outage
from shared.problems import Problem
from shared.web.base import state_of
from shared.web.json_api import ActorOf
from shared.web.tokens import authenticate

log = logging.getLogger(__name__)
router = APIRouter()

_BATCH = 100
_HIGHEST_NUMBER = 2**63 - 1
"""The database counts no further. A number beyond has to be refused before the stream begins: then it is too late."""


_NEWEST = "SELECT last_number FROM counters WHERE member_id = $1"
# Each with the language in which the reader is told now.
_AFTER = f"""
SELECT notices.*, coalesce(preferences.language, members.language) AS language
FROM notices JOIN members ON members.id = recipient_member_id
LEFT JOIN preferences ON preferences.member_id = recipient_member_id
WHERE {visibility.TOLD_TO} AND number > $2 AND (number > $3 OR seen_at IS NULL) ORDER BY number LIMIT $4
"""  # noqa: S608 - nothing but the text above


@dataclass(frozen=True)
class Place:
    """Where a stream is: `last` was sent last; up to `present`, what has been seen already is left out."""

    last: int
    present: int


@router.get(
    "/notices/stream",
    tags=["notices"],
    summary="What I am told, as it happens (server-sent events)",
    response_class=EventSourceResponse,
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
    state: Any = state_of(request)
    notice_listener: NoticeListener = state.notice_listener
    place = None if last_event_id is None else Place(last_event_id, last_event_id)
    async with notice_listener.attended():
        while True:
            arrival = notice_listener.next()
            try:
                async with state.database.reading() as session:
                    # Each time anew: whoever has left hears nothing more.
                    await authenticate(request, session, state.verifier, state.find_member)
                    place = place or await _beginning(session, actor)
                    found = await _after(session, actor, place, state.settings.public_url)
            except Exception as error:
                if not (isinstance(error, Problem) or is_outage(error)):
                    raise
                log.info("a stream of notices ends: %s", type(error).__name__)
                return
            for number, shown in found:
                yield ServerSentEvent(data=shown, event="notice", id=str(number))
                place = Place(number, place.present)
            if len(found) < _BATCH:
                if not follow:
                    return
                await notice_listener.wait(arrival)


async def _beginning(session: AsyncSession, actor: Actor) -> Place:
    found = await run_plainly(session, _NEWEST, actor.member_id)
    return Place(0, found[0]["last_number"] if found else 0)


async def _after(session: AsyncSession, actor: Actor, place: Place, public_url: str) -> list[tuple[int, NoticeView]]:
    """Notices are committed in the order of their numbers, so a higher one never hides a lower one to come."""
    found = await run_plainly(session, _AFTER, actor.member_id, place.last, place.present, _BATCH)
    return [(row["number"], notice_view(Notice(**row), row["language"], public_url)) for row in found]
