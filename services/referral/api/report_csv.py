"""A report as CSV (RFC 4180), for spreadsheets."""

import csv
import io
from collections.abc import Collection
from typing import Any, Final

from services.referral.domain.report import DIMENSIONS
from services.referral.schemas.report import FiguresView, ReportRow, ReportTotal, ReportView

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
