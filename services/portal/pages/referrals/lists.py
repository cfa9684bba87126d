"""What one's own organisation has referred: by queue or by filters, sorted, page by page."""

from asyncio import gather
from dataclasses import dataclass, replace
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.clients.api import ApiProblem
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.rows import address, cursor_in, how_many, query_of, row_of

router = APIRouter()

STATUSES: Final = (
    *("draft", "requested", "accepted", "in-progress", "on-hold"),
    *("completed", "rejected", "failed", "cancelled", "entered-in-error"),
)
SORTS: Final = ("respond_by", "-respond_by", "updated_at", "-updated_at", "sent_at", "-sent_at")
_PATH: Final = "/referrals"


@dataclass(frozen=True)
class Asked:
    """What is asked for in the address of the page; what is not known there asks for nothing, and is said."""

    queue: str = ""
    statuses: tuple[str, ...] = ()
    sort: str = ""
    reference: str = ""
    after: str = ""
    unknown: tuple[str, ...] = ()
    """Queues, statuses and orders that nobody knows"""

    @property
    def query(self) -> dict[str, Any]:
        """The parameters of the page's address, but for where it begins."""
        return {"queue": self.queue, "status": list(self.statuses), "sort": self.sort, "reference": self.reference}


def asked(
    queue: str = "",
    status: Annotated[list[str] | None, Query()] = None,
    sort: str = "",
    reference: str = "",
    after: str = "",
) -> Asked:
    """What the address asks for."""
    statuses = tuple(each for each in STATUSES if each in (status or ()))
    unknown = tuple(each for each in dict.fromkeys(status or ()) if each and each not in STATUSES)
    unknown += (sort,) if sort and sort not in SORTS else ()
    return Asked(queue, statuses, sort if sort in SORTS else "", reference.strip()[:40], after, unknown)


@router.get(_PATH)
async def referrals(
    page: Annotated[Page, members("adviser", "recipient")],
    queue: str = "",
    status: Annotated[list[str] | None, Query()] = None,
    sort: str = "",
    reference: str = "",
    after: str = "",
) -> Response:
    """The referrals of one's own organisation. A reference leads to its referral."""
    wanted = asked(queue, status, sort, reference, after)
    if wanted.reference:
        return await _by_reference(page, wanted)
    here = {"after": wanted.after, "limit": 25}
    if wanted.queue:  # whose filter is told with its count
        queues = await _queues(page)
        if all(each["queue"] != wanted.queue for each in queues):
            wanted = replace(wanted, queue="", unknown=(wanted.queue, *wanted.unknown))
        found = await page.referral.get("/referrals", _filter(wanted, queues) | here)
    else:
        queues, found = await gather(_queues(page), page.referral.get("/referrals", _filter(wanted, []) | here))
    return _page(page, wanted, queues, found.data)


async def _queues(page: Page) -> list[JSON]:
    """The queues of what was sent, each with its count."""
    counts = (await page.referral.get("/referrals/counts"))["contents"]
    return [each for each in counts if each["box"] == "sent"]


def _filter(wanted: Asked, queues: list[JSON]) -> dict[str, Any]:
    """The list of the API that is asked for: that of the queue, or what has one of the statuses."""
    chosen = next((each for each in queues if each["queue"] == wanted.queue), None)
    listed: dict[str, Any] = query_of(chosen["list"]) if chosen else {"box": "sent", "status": list(wanted.statuses)}
    return listed | {"sort": wanted.sort or None}


async def _by_reference(page: Page, wanted: Asked) -> Response:
    """Lead to the referral with that reference, of whichever side; say so where there is none."""
    form, status = Form.filled(page.language, {"reference": wanted.reference}), 200
    try:
        found = (await page.referral.get("/referrals", {"reference": wanted.reference}))["contents"]
        if found:
            return page.redirect(f"{_PATH}/{UUID(found[0]['id'])}")
    except ApiProblem as problem:
        if problem.name != "invalid":
            raise
        form.take(problem, {"query.reference": "reference"})
        status = 422
    return _page(page, wanted, await _queues(page), {"contents": [], "next": None}, form=form, status=status)


def _page(
    page: Page, wanted: Asked, queues: list[JSON], found: JSON, form: Form | None = None, status: int = 200
) -> Response:
    following = cursor_in(found["next"])
    return page.render(
        "referrals/list.html",
        status=status,
        form=form or Form.filled(page.language, wanted.query),
        wanted=wanted,
        unknown=[{"value": each, "href": address(_PATH, wanted.query)} for each in wanted.unknown],
        queues=_tabs(page, wanted, queues),
        sorts={each: address(_PATH, wanted.query, sort=each) for each in SORTS},
        rows=[row_of(each, page.now, page.language) for each in found["contents"]],
        statuses=STATUSES,
        chips=_chips(page, wanted),
        first=address(_PATH, wanted.query) if wanted.after else None,
        next=address(_PATH, wanted.query, after=following) if following else None,
    )


def _tabs(page: Page, wanted: Asked, queues: list[JSON]) -> list[JSON]:
    """The queues for the component `queues`; the first is all of them."""
    every = {
        "href": address(_PATH, {"sort": wanted.sort}),
        "label": page.t("referrals.all"),
        "current": not wanted.queue,
    }
    return [
        every,
        *(
            {
                "href": address(_PATH, {"queue": each["queue"], "sort": wanted.sort}),
                "label": page.code("referrals.queue", each["queue"]),
                "count": how_many(each, page.language) if each["count"] else 0,
                "current": wanted.queue == each["queue"],
                "attention": each["queue"] in ("answers_unseen", "declined", "expired", "unread_messages"),
            }
            for each in queues
        ),
    ]


def _chips(page: Page, wanted: Asked) -> list[JSON]:
    return [
        {
            "label": page.code("components.status", each),
            "href": address(_PATH, wanted.query, status=[other for other in wanted.statuses if other != each]),
        }
        for each in wanted.statuses
    ]
