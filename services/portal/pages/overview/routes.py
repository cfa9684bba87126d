"""The coordinator's pages: the overview, the list of referrals that wait too long, and the files of figures."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from services.portal.clients.api import Away, side_by_side
from services.portal.pages.access import members
from services.portal.pages.figures_file import as_file_wanted, figures_file
from services.portal.pages.forms import Form
from services.portal.pages.overview import figures
from services.portal.pages.overview.figures import USUAL, Period, listed
from services.portal.pages.page import Page
from services.portal.pages.referrals.rows import address, cursor_in
from shared.problems import not_found

router = APIRouter()
Coordinator = Annotated[Page, members("coordinator")]
Day = Annotated[str, Query()]

_FILES: Final[dict[str, tuple[str, dict[str, list[str]]]]] = {
    "flow": ("/overview/figures", {"by": ["source", "target"]}),
    "recipients": ("/overview/figures", {"by": ["target"]}),
    "months": ("/overview/figures", {"by": ["month"]}),
    "languages": ("/report", {"by": ["language"]}),
}
"""Name of a file → the request that answers with its figures"""
_MOST_PAIRS: Final = 200
"""The largest flows are shown one by one; the file has them all."""
_LISTED: Final[dict[str, dict[str, object]]] = {
    "overdue": {"overdue": True},
    "waiting": {"status": "requested"},
    "not_closed": {"attention": "not_closed"},
    "all": {},
}


@router.get("/overview")
async def overview(page: Coordinator, first: Annotated[Day, Query(alias="from")] = "", to: Day = "") -> Response:
    """Where referrals stall. What an API that is away would have shown is left out."""
    form = Form.filled(page.language, {"from": first, "to": to})
    period = _period(page, form)
    status = 422 if form.errors else 200
    counted, by_target, by_month, spoken, late, services, unfound = await side_by_side(
        page.referral.get("/overview/figures", {"by": ["source", "target"], "limit": _MOST_PAIRS, **period.query}),
        page.referral.get("/overview", period.query),
        page.referral.get("/overview/figures", {"by": "month", **period.query}),
        page.referral.get("/report", {"by": "language", **period.query}),
        page.referral.get("/overview/referrals", {"overdue": True, "limit": 10}),
        page.catalog.get("/services", {"size": 100, "full": False}),
        page.catalog.get("/unfound-words", {"size": 10}),
    )
    return page.render(
        "overview/overview.html",
        status=status,
        form=form,
        away=isinstance(counted, Away),
        files={name: address(f"/overview/files/{name}", period.query) for name in _FILES},
        late=None if isinstance(late, Away) else late["contents"],
        full=None if isinstance(services, Away) else figures.full_services(services["contents"]),
        unfound=None if isinstance(unfound, Away) else unfound["contents"],
        **({} if isinstance(counted, Away) else _figures(page, counted, by_target, by_month, spoken)),
    )


def _figures(page: Page, counted: Any, by_target: Any, by_month: Any, spoken: Any) -> dict[str, Any]:
    """What stands in the pictures and their tables."""
    language = page.language
    months = figures.months(by_month["contents"], language)
    languages = figures.by_language(spoken["contents"], language)
    return {
        "total": counted["total"],
        "period": counted,
        "flow": figures.flow_of(counted, language, page.t("overview.others")),
        "pairs": counted["contents"],
        "targets": figures.by_target(by_target["contents"], language),
        "times": figures.answer_times(by_target["contents"], language),
        "median": figures.in_hours(counted["total"]["median_hours_to_answer"], language),
        "reasons": figures.reasons(counted["total"]["decline_reasons"], language),
        "months": months,
        "month_bars": figures.bars_of(months, "sent", language),
        "spoken": languages,
        "language_bars": figures.bars_of(languages, "sent", language),
        "in_hours": lambda hours: figures.in_hours(hours, language),
    }


@router.get("/overview/referrals")
async def referrals(
    page: Coordinator,
    show: str = "overdue",
    after: str = "",
    first: Annotated[Day, Query(alias="from")] = "",
    to: Day = "",
) -> Response:
    """Referrals across organisations: reference, organisations, service and times. Sent whenever, or in a period."""
    shown = show if show in _LISTED else "overdue"
    form = Form.filled(page.language, {"from": first, "to": to})
    period = _period(page, form)
    asked = {**_LISTED[shown], **period.query, "after": after, "limit": 25}
    found = await page.referral.get("/overview/referrals", asked)
    here, following = listed(shown, period), cursor_in(found["next"])
    return page.render(
        "overview/referrals.html",
        status=422 if form.errors else 200,
        form=form,
        shown=shown,
        tabs=[{"items": [_tab(page, each, shown, period) for each in _LISTED]}],
        unknown=[] if shown == show else [{"value": show, "href": here}],
        rows=found["contents"],
        first=here if after else None,
        next=listed(shown, period, after=following) if following else None,
    )


def _tab(page: Page, name: str, shown: str, period: Period) -> dict[str, Any]:
    return {"href": listed(name, period), "label": page.code("overview.list", name), "current": name == shown}


@router.get("/overview/files/{name}")
async def file(page: Coordinator, name: str, first: Annotated[Day, Query(alias="from")] = "", to: Day = "") -> Response:
    """The figures of a picture as CSV, in the page's language."""
    if name not in _FILES:
        raise not_found("file")
    period = _period(page, Form.filled(page.language, {"from": first, "to": to}))
    path, by = _FILES[name]
    made = await page.referral.get(path, {**by, **period.query, **as_file_wanted(page)})
    return figures_file(page, made.data, f"luotsi-{name}.csv")


def _period(page: Page, form: Form) -> Period:
    """The period asked for; where the days are none, the usual one, and the form says so."""
    days: dict[str, date | None] = {}
    for name in ("from", "to"):
        given = form.text(name)
        try:
            days[name] = date.fromisoformat(given) if given else None
        except ValueError:
            form.refuse(name, page.t("overview.no_day"))
    if form.errors:
        return USUAL
    first, last = days["from"], days["to"]
    if first and last and last < first:
        form.refuse("to", page.t("overview.before_first"))
        return USUAL
    return Period(first, last)
