"""Figures as CSV (RFC 4180), for spreadsheets: a report, and those of the overview."""

import csv
import io
import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any, Final, Literal

from services.referral.domain.lifecycle import Reason
from services.referral.domain.report import DIMENSIONS
from services.referral.schemas.overview import Figures, OverviewFigures
from services.referral.schemas.parts import Named
from services.referral.schemas.report import FiguresView, ReportRow, ReportTotal, ReportView

CSV_TYPE: Final = "text/csv; charset=utf-8; header=present"

Separator = Literal["comma", "semicolon"]

_DELIMITERS: Final[dict[Separator, str]] = {"comma": ",", "semicolon": ";"}
_LANGUAGES: Final = ("fi", "sv", "en")


def as_csv(shown: ReportView, separator: Separator) -> str:
    """The report by RFC 4180: a header, a line a row, and the total last, with `total` as its period.

    It begins with a byte order mark, without which Excel reads no UTF-8. With semicolons decimals have a comma: so
    Excel wants it in Finland.
    """
    columns: dict[str, list[str]] = {
        "organization": ["organization_id", *(f"organization_{language}" for language in _LANGUAGES)],
        "service": ["service_id", *(f"service_{language}" for language in _LANGUAGES)],
        "language": ["language"],
    }
    asked = set(shown.by) | ({"organization"} if "service" in shown.by else set())
    keys = [name for dimension in DIMENSIONS if dimension in asked for name in columns.get(dimension, [])]
    figures = list(FiguresView.model_fields)
    out = io.StringIO("\N{ZERO WIDTH NO-BREAK SPACE}")
    out.seek(0, io.SEEK_END)
    names = [*keys, "period", "first", "last", "blanked", *figures]
    lines = csv.DictWriter(out, names, extrasaction="ignore", delimiter=_DELIMITERS[separator])
    lines.writeheader()
    for row in shown.contents:
        cells = _keys(row) | row.period.model_dump() | _plain(row, figures, row.period.kind)
        lines.writerow(_cells(cells, separator))
    whole = {"first": shown.first, "last": shown.last}
    lines.writerow(_cells(whole | _plain(shown.total, figures, "total"), separator))
    return out.getvalue()


def figures_as_csv(shown: OverviewFigures, separator: Separator) -> str:
    """Figures of the overview in the same form: a line a row, and last the total, with `total` in its first cell.

    Reasons of declines have a column each, `declined_no_capacity` and so on. Rows that are left out are one line before
    the total, with `others` in its first cell and no median.
    """
    keys = [
        name
        for cut in shown.by
        for name in ([cut] if cut == "month" else [f"{cut}_id", *(f"{cut}_{language}" for language in _LANGUAGES)])
    ]
    names = [*keys, *(name for name in Figures.model_fields if name != "decline_reasons"), *_REASONS.values()]
    out = io.StringIO("\N{ZERO WIDTH NO-BREAK SPACE}")
    out.seek(0, io.SEEK_END)
    lines = csv.DictWriter(out, names, extrasaction="ignore", delimiter=_DELIMITERS[separator])
    lines.writeheader()
    for row in shown.contents:
        named: dict[str, Named | None] = {cut: getattr(row, cut) for cut in shown.by if cut != "month"}
        lines.writerow(_cells(_counted(row) | {"month": row.month} | _named(named), separator))
    if shown.left_out:
        lines.writerow(_cells(_others(shown) | {keys[0]: "others"}, separator))
    lines.writerow(_cells(_counted(shown.total) | {keys[0]: "total"}, separator))
    return out.getvalue()


def _counted(row: Figures) -> dict[str, Any]:
    return row.model_dump() | {column: row.decline_reasons.get(reason, 0) for reason, column in _REASONS.items()}


def _others(shown: OverviewFigures) -> dict[str, int]:
    """What is in no row: the total less all that is in rows."""
    rows = [_counted(row) for row in shown.contents]
    return {
        name: count - sum(row[name] for row in rows)
        for name, count in _counted(shown.total).items()
        if isinstance(count, int)
    }


_REASONS: Final = {reason: f"declined_{reason}" for reason in Reason if reason is not Reason.CONSENT_WITHDRAWN}


def _plain(row: ReportRow | ReportTotal, figures: Collection[str], period: str) -> dict[str, Any]:
    return {"period": period, "blanked": "true" if row.blanked else "false"} | row.model_dump(include=set(figures))


def _keys(row: ReportRow) -> dict[str, Any]:
    return {"language": row.language} | _named({"organization": row.organization, "service": row.service})


def _named(things: Mapping[str, Named | None]) -> dict[str, Any]:
    """The cells of organisations and services: id and names of each."""
    found: dict[str, Any] = {}
    for name, named in things.items():
        if named is not None:
            texts = {f"{name}_{language}": named.name.in_language(language) for language in _LANGUAGES if named.name}
            found |= {f"{name}_id": str(named.id), **texts}
    return found


def _cells(values: Mapping[str, Any], separator: Separator) -> dict[str, Any]:
    """The values as cells: text that runs nowhere, and numbers as those who use the separator write them."""
    return {name: _cell(value, separator) for name, value in values.items()}


def _cell(value: Any, separator: Separator) -> Any:
    if isinstance(value, str):
        return harmless(value)
    if isinstance(value, float) and separator == "semicolon":
        return str(value).replace(".", ",")
    return value


def harmless(text: str) -> str:
    """Text that no spreadsheet takes for a formula, whatever it takes for a separator (OWASP, CSV injection).

    A program that expects semicolons makes cells of the parts between them, quoted or not. So each part that would run
    gets an apostrophe in front, which makes it text.
    """
    made = _PART.sub(lambda part: f"'{part[0]}" if _would_run(part[0]) else part[0], text)
    return f"'{made}" if text[:1] in _EATEN else made


_PART: Final = re.compile(r"[^;,\t\r\n]+")
_EATEN: Final = ("\t", "\r", "\n")
"""What some programs take away from the beginning of a cell."""
_STARTS: Final = frozenset("=+-@\N{MINUS SIGN}")


def _would_run(part: str) -> bool:
    """Whether the first character that shows begins a formula, also in its full-width and small forms."""
    first = next((char for char in part if char != '"' and unicodedata.category(char) not in _UNSEEN), "")
    return unicodedata.normalize("NFKC", first)[:1] in _STARTS


_UNSEEN: Final = ("Cc", "Cf", "Zs", "Zl", "Zp")
