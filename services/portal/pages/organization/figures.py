"""An organisation's own figures: what it has received and sent, as a table and as a file for spreadsheets."""

from datetime import date
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer, ApiProblem, Away, or_away
from services.portal.pages.access import members
from services.portal.pages.figures_file import as_file_wanted, figures_file
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import administered
from services.portal.pages.page import Page
from services.portal.texts import language_name, name, number, of_code
from shared.problems import not_found

router = APIRouter(prefix="/organizations/{organization_id}/figures")

PageOf = Annotated[Page, members("admin")]
_DIMENSIONS: Final = ("service", "organization", "language", "month")


@router.get("")
async def figures(page: PageOf, organization_id: UUID) -> Response:
    """The figures, cut as the address says. Administrators of the platform see those of their own organisation only."""
    at = administered(page, organization_id)
    form = _asked(page)
    organization = await at.organization()
    context: dict[str, Any] = {"at": at, "organization": organization.data, "form": form, "report": None}
    context |= {"boxes": _options(page, "organization.figures.box", ("received", "sent"))}
    context |= {"dimensions": _options(page, "organization.figures.by", _DIMENSIONS)}
    if at.own:
        report = await _report(page, form)
        rows = _rows(page, report)
        items = [
            {"label": each["label"], "value": each["sent"], "text": number(each["sent"], page.language)}
            for each in rows
        ]
        context |= {"report": report, "rows": rows, "items": items, "query": _address(form)}
    return page.render("organization/figures.html", status=422 if form.errors else 200, **context)


@router.get("/report.csv")
async def as_file(page: PageOf, organization_id: UUID) -> Response:
    """The same as a CSV file, in the page's language."""
    at = administered(page, organization_id)
    if not at.own:
        raise not_found("page")
    answer = await page.referral.get("/report", {**_query(_asked(page)), **as_file_wanted(page)})
    return figures_file(page, answer.data, "report.csv")


def _asked(page: Page) -> Form:
    """What the address asks for, as the form of filters shows it."""
    query = page.request.query_params
    box = query.get("box", "")
    by = query.get("by", "")
    return Form.filled(
        page.language,
        {
            "box": box if box in ("received", "sent") else "received",
            "by": by if by in _DIMENSIONS else "service",
            "from": query.get("from", ""),
            "to": query.get("to", ""),
        },
    )


def _query(form: Form) -> dict[str, str]:
    return {each: form.text(each) for each in ("box", "by", "from", "to") if form.text(each)}


def _address(form: Form) -> str:
    return "&".join(f"{each}={value}" for each, value in _query(form).items() if _is_plain(value))


def _is_plain(value: str) -> bool:
    return value.replace("-", "").isalnum() and value.isascii()


async def _report(page: Page, form: Form) -> Answer | Away | None:
    """The report, or that it cannot be had now; None where the days that were typed make none."""
    try:
        return await or_away(page.referral.get("/report", _query(form)))
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        form.take(problem, {"query.from": "from", "query.to": "to"})
        return None


def _rows(page: Page, report: Answer | Away | None) -> list[dict[str, Any]]:
    """The rows with what each is of in words."""
    if not isinstance(report, Answer):
        return []
    return [{**row, "label": _label(page, row)} for row in report["contents"]]


def _label(page: Page, row: dict[str, Any]) -> str:
    language = page.language
    parts = [
        name(row[each]["name"], language) or row[each]["id"] for each in ("organization", "service") if row.get(each)
    ]
    if row.get("language"):
        parts.append(language_name(row["language"], language))
    if row["period"]["kind"] != "whole":
        parts.append(_month(row["period"], language))
    return parts[-1] if parts else ""


def _month(period: dict[str, Any], language: str) -> str:
    first, last = (date.fromisoformat(period[each]) for each in ("first", "last"))
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.month}/{first.year}"
    return f"{first.month}/{first.year}\N{EN DASH}{last.month}/{last.year}"


def _options(page: Page, prefix: str, values: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"value": each, "label": of_code(prefix, each, page.language)} for each in values]
