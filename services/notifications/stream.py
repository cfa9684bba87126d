"""The inbox as it fills: notices as server-sent events, continued without a gap after a lost connection."""

import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications import scope, use_cases
from services.notifications.arrivals import Arrivals
from services.notifications.tables import Counter, Notice
from services.notifications.views import notice_view
from shared.actors import Actor
from shared.auth import authenticate
from shared.db import is_outage
from shared.problems import Problem
from shared.web import ActorOf, state_of

log = logging.getLogger(__name__)
router = APIRouter()

_BATCH = 100
_HIGHEST_NUMBER = 2**63 - 1
"""The database counts no further. A number beyond has to be refused before the stream begins: then it is too late."""


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
    arrivals: Arrivals = state.arrivals
    place = None if last_event_id is None else Place(last_event_id, last_event_id)
    async with arrivals.attended():
        while True:
            arrival = arrivals.next()
            try:
                async with state.database.transaction() as session:
                    # Each time anew: whoever has left hears nothing more.
                    await authenticate(request, session, state.verifier, state.find_member)
                    place = place or await _beginning(session, actor)
                    found = await _after(session, actor, place)
                    language = await use_cases.language_of(session, actor.member_id)
            except Exception as error:
                if not (isinstance(error, Problem) or is_outage(error)):
                    raise
                log.info("a stream of notices ends: %s", type(error).__name__)
                return
            for number, notice in found:
                shown = notice_view(notice, language, state.settings.public_url)
                yield ServerSentEvent(data=shown, event="notice", id=str(number))
                place = Place(number, place.present)
            if len(found) < _BATCH:
                if not follow:
                    return
                await arrivals.wait(arrival)


async def _beginning(session: AsyncSession, actor: Actor) -> Place:
    counter = await session.get(Counter, actor.member_id)
    return Place(0, counter.last_number if counter else 0)


async def _after(session: AsyncSession, actor: Actor, place: Place) -> list[tuple[int, Notice]]:
    """Notices are committed in the order of their numbers, so a higher one never hides a lower one to come."""
    following = select(Notice).where(
        scope.told_to(actor),
        col(Notice.number) > place.last,
        or_(col(Notice.number) > place.present, col(Notice.seen_at).is_(None)),
    )
    found = await session.exec(following.order_by(col(Notice.number)).limit(_BATCH))
    return [(notice.number, notice) for notice in found if notice.number is not None]
