"""What the report API answers, as JSON and as CSV."""

import csv
import io
from collections.abc import Collection
from datetime import date
from typing import Any, Final

from pydantic import BaseModel, Field

from services.referral.domain.report import DIMENSIONS, Dimension
from services.referral.schemas.parts import Named


class FiguresView(BaseModel):
    """The figures of a row. All are null where it is blanked; the median also where fewer than five were answered."""

    sent: int | None = None
    accepted: int | None = None
    declined: int | None = None
    completed: int | None = None
    cancelled_or_expired: int | None = None
    not_closed: int | None = None
    median_working_hours_to_answer: float | None = Field(None, description="A working day has 24")


class PeriodView(BaseModel):
    """Days from `first` to `last`, both included; `kind` is month, quarter, year or whole."""

    kind: str
    first: date
    last: date


class ReportRow(FiguresView):
    """Referrals that have something in common; null where the report does not ask for it.

    An organisation without service, in a report by service, stands for its services together.
    """

    organization: Named | None
    service: Named | None
    language: str | None
    period: PeriodView
    blanked: bool


class ReportTotal(FiguresView):
    """All referrals of the report, those of blanked rows too; blanked where it would give a row away."""

    blanked: bool


class ReportView(BaseModel):
    """A report. `first` and `last` are the days that it covers: whole months. `k` is the fewest that a row is of."""

    by: list[Dimension]
    first: date
    last: date
    k: int
    contents: list[ReportRow]
    total: ReportTotal


CSV_TYPE: Final = "text/csv; charset=utf-8; header=present"
_LANGUAGES: Final = ("fi", "sv", "en")


def as_csv(shown: ReportView) -> str:
    """The report by RFC 4180: a header, a line a row, and the total last, with `total` as its period."""
    columns: dict[str, list[str]] = {
        "organization": ["organization_id", *(f"organization_{language}" for language in _LANGUAGES)],
        "service": ["service_id", *(f"service_{language}" for language in _LANGUAGES)],
        "language": ["language"],
    }
    asked = set(shown.by) | ({"organization"} if "service" in shown.by else set())
    keys = [name for dimension in DIMENSIONS if dimension in asked for name in columns.get(dimension, [])]
    figures = list(FiguresView.model_fields)
    out = io.StringIO()
    lines = csv.DictWriter(out, [*keys, "period", "first", "last", "blanked", *figures], extrasaction="ignore")
    lines.writeheader()
    for row in shown.contents:
        lines.writerow(_harmless(_keys(row) | row.period.model_dump() | _plain(row, figures, row.period.kind)))
    whole = {"first": shown.first, "last": shown.last}
    lines.writerow(_harmless(whole | _plain(shown.total, figures, "total")))
    return out.getvalue()


def _plain(row: ReportRow | ReportTotal, figures: Collection[str], period: str) -> dict[str, Any]:
    return {"period": period, "blanked": "true" if row.blanked else "false"} | row.model_dump(include=set(figures))


def _keys(row: ReportRow) -> dict[str, Any]:
    found: dict[str, Any] = {"language": row.language}
    for name, named in (("organization", row.organization), ("service", row.service)):
        if named is not None:
            texts = {f"{name}_{language}": named.name.in_language(language) for language in _LANGUAGES if named.name}
            found |= {f"{name}_id": str(named.id), **texts}
    return found


def _harmless(values: dict[str, Any]) -> dict[str, Any]:
    """Text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return {
        name: f"'{value}" if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
        for name, value in values.items()
    }
