"""Lists of referrals over HTTP: what a query asks for, and addresses of the pages that follow.

A page is continued by a cursor that says after which referral, and by which moment the list is sorted. It belongs to
its list: it names sort and filters by a digest, so that it is refused where they have changed meanwhile.
"""

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Annotated, Final, Literal
from uuid import UUID

from fastapi import Depends, Query, Request

from services.referral.domain.attention import Attention
from services.referral.domain.deadlines import BusinessStatus
from services.referral.domain.lifecycle import Status
from services.referral.domain.references import parse_reference
from services.referral.domain.referral_filter import BOXES, Box, DueWhen, ReferralFilter
from services.referral.queries.ordering import Position, Sort, position_of
from services.referral.tables import ReferralRow
from shared.problems import invalid
from shared.values.forms import Form
from shared.web.http_methods import route_path

_SIDES: Final = {box: side for side, box in BOXES.items()}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_CURSOR: Final = struct.Struct(">8s16s?q")


def _reference(text: str) -> str:
    found = parse_reference(text)
    if found is None:
        raise ValueError(
            "is no reference; give one such as KUO-7F3K-92, which never has 0, 1, I, L, O or U, and look for a slip"
        )
    return found


Reference = Annotated[str, Form(_reference, {"examples": ["KUO-7F3K-92", "kuo 7f3k 92"]})]


@dataclass(frozen=True)
class ListWanted:
    """Which list: what it is to hold, and by what it is sorted (None: newest first)."""

    filter: ReferralFilter
    sort: Sort | None

    def digest(self) -> bytes:
        """The same for the same list, however it was asked for."""
        return sha256(repr([*self.filter.query(), self.sort]).encode()).digest()[:8]


async def filter_wanted(  # noqa: PLR0913 - a parameter of the query each
    *,
    box: Annotated[Box | None, Query(description="Both unless given")] = None,
    status: Annotated[list[Status] | None, Query(description="May be repeated")] = None,
    only_open: Annotated[bool | None, Query(alias="open", description="Not ended, or ended and not closed")] = None,
    business_status: Annotated[BusinessStatus | None, Query(description="Ended like this")] = None,
    reference: Annotated[
        Reference | None, Query(description="As people type it; 422 when its check character does not fit")
    ] = None,
    assigned: Annotated[
        UUID | Literal["me", "none", "nobody"] | None,
        Query(description="Received, and assigned to this member, to you, or to nobody (`none`, also `nobody`)"),
    ] = None,
    attention: Annotated[Attention | None, Query(description="Ended, and open for this reason")] = None,
    unseen_answers: Annotated[bool | None, Query(description="Answered, and the source has not looked at it")] = None,
    unread_messages: Annotated[bool | None, Query(description="With messages that your side has not read")] = None,
    due: Annotated[
        DueWhen | None,
        Query(description="Not answered: `soon` from the reminder on, `overdue` from the deadline on"),
    ] = None,
) -> ReferralFilter:
    """The filter that the query asks for: each argument is a parameter of it."""
    return ReferralFilter(
        box=_SIDES[box] if box else None,
        statuses=tuple(each for each in Status if each in (status or ())),
        only_open=only_open,
        assigned="none" if assigned == "nobody" else assigned,
        attention=attention,
        unseen_answers=unseen_answers,
        unread_messages=unread_messages,
        due=due,
        business_status=business_status,
        reference=reference,
    )


async def list_wanted(
    wanted: Annotated[ReferralFilter, Depends(filter_wanted)],
    sort: Annotated[
        Sort | None, Query(description="Newest first unless given; what lacks the moment comes last either way")
    ] = None,
) -> ListWanted:
    """The list that the query asks for."""
    return ListWanted(wanted, sort)


@dataclass(frozen=True)
class PageWanted:
    """Which page of a list: after the cursor, at most `limit` referrals."""

    after: str | None
    limit: int


async def page_wanted(
    after: Annotated[str | None, Query(max_length=100, description="Cursor out of `next`; of the same list")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> PageWanted:
    """The page that the query asks for."""
    return PageWanted(after, limit)


def position(page: PageWanted, wanted: ListWanted) -> Position | None:
    """Where the page begins. Raises 422 for a cursor of another list, and for what is none."""
    if page.after is None:
        return None
    try:
        digest, referral_id, has_moment, moment = _CURSOR.unpack(urlsafe_b64decode(page.after + "=="))
        found = Position(_EPOCH + moment * _MICROSECOND if has_moment else None, UUID(bytes=referral_id))
    except (ValueError, OverflowError, struct.error):
        raise _no_cursor("is no cursor") from None
    if digest != wanted.digest():
        raise _no_cursor("belongs to a list with other filters or another order")
    return found


def _no_cursor(why: str) -> Exception:
    detail = "Follow `next` as it is given. To change filters or order, begin again without `after`."
    return invalid(detail, [{"field": "query.after", "message": why}])


def next_page(request: Request, page: PageWanted, wanted: ListWanted, found: Sequence[ReferralRow]) -> str | None:
    """The address of the page after `found`, which has one row more than the page if there is one; else None."""
    if len(found) <= page.limit:
        return None
    last = position_of(found[page.limit - 1], wanted.sort)
    moment = (last.moment - _EPOCH) // _MICROSECOND if last.moment else 0
    packed = _CURSOR.pack(wanted.digest(), last.id.bytes, last.moment is not None, moment)
    cursor = urlsafe_b64encode(packed).decode().rstrip("=")
    query = request.url.include_query_params(after=cursor).query
    return f"{request.scope.get('root_path', '')}{route_path(request.scope)}?{query}"


def list_address(request: Request, wanted: ReferralFilter) -> str:
    """The address of the list that a filter asks for."""
    query = "&".join(f"{name}={value}" for name, value in wanted.query())
    return f"{request.scope.get('root_path', '')}/referrals?{query}"
