"""The page of queues: what is asked for side by side, and what is shown of it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from fastapi import Response

from services.portal import texts
from services.portal.clients.api import Answer, ApiProblem, Away, side_by_side
from services.portal.pages.desk.openness import find_openness, openness_of
from services.portal.pages.desk.queues import GROUPS, SORTS, URGENT, Wanted, default_sort, numbers_of
from services.portal.pages.desk.rows import Reader, rows_of
from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.colleagues import colleagues_of
from services.portal.pages.referrals.desk_steps import DECLINE_REASONS
from services.portal.pages.referrals.rows import cursor_in

RECENT: Final = {"box": "received", "sort": "-updated_at", "limit": 100}
"""The list in which what was just answered comes first"""
_REASONS: Final = (*DECLINE_REASONS, "other")


async def show_queues(
    page: Page, wanted: Wanted, *, status: int = 200, chosen: Collection[str] | None = None, answered: str = ""
) -> Response:
    """The queue that is wanted, with the numbers of all; `answered` are references of what was just answered."""
    listed, counts, colleagues, openness, recent = await side_by_side(
        _listed(page, wanted),
        page.referral.get("/referrals/counts"),
        colleagues_of(page),
        find_openness(page),
        _recent(page, answered),
    )
    emails = {each["id"]: each["email"] for each in colleagues}
    reader = Reader(str(page.account.id), emails, page.language, page.now)
    found = [] if isinstance(listed, Away) else listed["contents"]
    ticked = {each["id"] for each in found} if page.request.query_params.get("choose") == "all" else chosen or ()
    rows = rows_of(found, reader, ticked)
    search = Form.filled(page.language, {"reference": wanted.reference})
    search.errors = page.form.errors
    return page.render(
        "desk/queues.html",
        status=422 if status == 200 and page.form.errors else status,
        wanted=wanted,
        unknown=[{"value": each, "href": wanted.here()} for each in wanted.unknown],
        form=page.form,
        search=search,
        away=isinstance(listed, Away),
        rows=rows,
        answerable=sum(row["answerable"] for row in rows),
        next=_next(wanted, listed),
        queues=_groups(wanted, counts, page.language),
        counts_away=isinstance(counts, Away),
        sorts=_sorts(wanted, page.language),
        answered=_answered(recent, page.language),
        openness=openness_of(page, openness, colleagues),
        reasons=[{"value": each, "label": texts.of_code("referrals.reason", each, page.language)} for each in _REASONS],
    )


async def _listed(page: Page, wanted: Wanted) -> Answer:
    """The list; where the reference that was typed is none, an empty one, and what is wrong beside the field."""
    try:
        return await page.referral.get("/referrals", wanted.api_query())
    except ApiProblem as problem:
        if not wanted.reference or problem.status != 422:
            raise
        page.form.take(problem, {"query.reference": "reference"})
        return Answer({"contents": [], "next": None})


async def _recent(page: Page, references: str) -> list[JSON]:
    """Those of these references that are among what changed last."""
    if not references:
        return []
    named = set(references.split(","))
    return [each for each in (await page.referral.get("/referrals", RECENT))["contents"] if each["reference"] in named]


def _groups(wanted: Wanted, counts: Answer | Away, language: str) -> list[JSON]:
    """The queues with their numbers, for the component `queues`."""
    numbers = {} if isinstance(counts, Away) else numbers_of(counts["contents"])
    return [
        {
            "title": texts.of_code("desk.group", group, language),
            "items": [_queue(each, wanted, numbers.get(each), language) for each in names],
        }
        for group, names in GROUPS.items()
    ]


def _queue(name: str, wanted: Wanted, number: tuple[int, bool] | None, language: str) -> JSON:
    shown: Mapping[str, Any] = {}
    if number is not None:
        count, more = number
        written = texts.number(count, language)
        shown = {"count": f"{written}+" if more else written if count else 0}
    return {
        "href": wanted.address(queue=name),
        "label": texts.of_code("desk.queue", name, language),
        "current": name == wanted.queue and not wanted.reference,
        "attention": name in URGENT,
        **shown,
    }


def _sorts(wanted: Wanted, language: str) -> list[JSON]:
    """The orders to choose from; by the deadline only where answers are waited for."""
    answered = default_sort(wanted.queue) != "respond_by"
    return [
        {
            "href": wanted.address(sort=each),
            "label": texts.of_code("desk.sort", each, language),
            "current": each == wanted.sort,
        }
        for each in SORTS
        if not (answered and each == "respond_by")
    ]


def _next(wanted: Wanted, listed: Answer | Away) -> JSON:
    cursor = None if isinstance(listed, Away) else cursor_in(listed["next"])
    return {
        "first": wanted.address() if wanted.after else None,
        "next": wanted.address(after=cursor) if cursor else None,
    }


def _answered(recent: Sequence[JSON] | Away, language: str) -> list[JSON]:
    """How those stand that were just answered, as the referral service tells."""
    return [
        {
            "href": f"/referrals/{each['id']}",
            "reference": each["reference"],
            "service": texts.name(each["service"]["name"], language),
            "status": each["status"],
        }
        for each in ([] if isinstance(recent, Away) else recent)
    ]
