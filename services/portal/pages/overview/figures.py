"""What the overview shows, out of the figures that the API has: rows for pictures and tables, in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from babel.dates import format_skeleton

from services.portal import texts
from services.portal.pages.json_objects import JSON
from services.portal.pages.overview.flow import Flow, draw
from services.portal.pages.referrals.rows import address


@dataclass(frozen=True)
class Period:
    """The days of sending that are asked for; both may be open."""

    first: date | None
    last: date | None

    @property
    def query(self) -> dict[str, str | None]:
        """The parameters of the API, and of the page's address."""
        return {
            "from": self.first.isoformat() if self.first else None,
            "to": self.last.isoformat() if self.last else None,
        }


USUAL: Final = Period(None, None)
"""Where no day is said: figures are of a year, up to and with today, and lists of all times."""


def period_of(counted: JSON) -> Period:
    """The days that an answer of the API counts."""
    return Period(date.fromisoformat(counted["first"]), date.fromisoformat(counted["last"]))


def listed(show: str, period: Period, **more: str) -> str:
    """The address of a list of referrals that were sent in a period."""
    return address("/overview/referrals", {"show": show, **period.query, **more})


def flow_of(counted: JSON, language: str, others: str) -> Flow:
    """The picture of who refers to whom; flows that the figures leave out are one from others to others."""
    sent = {
        (texts.name(row["source"]["name"], language), texts.name(row["target"]["name"], language)): row["sent"]
        for row in counted["contents"]
        if row["sent"]
    }
    rest = counted["total"]["sent"] - sum(row["sent"] for row in counted["contents"])
    return draw(sent | ({(others, others): rest} if rest else {}), others)


def answer_times(rows: Iterable[JSON], language: str) -> list[JSON]:
    """Bars of how long each organisation takes to answer, the slowest first; those that have answered nothing last."""
    known = [row for row in rows if row["median_hours_to_answer"] is not None]
    slowest = sorted(known, key=lambda row: float(row["median_hours_to_answer"]), reverse=True)
    return [
        {
            "label": texts.name(row["organization"]["name"], language),
            "value": row["median_hours_to_answer"],
            "text": in_hours(row["median_hours_to_answer"], language),
            "kind": "wait" if row["overdue"] else "",
        }
        for row in slowest
    ]


def in_hours(hours: float | None, language: str) -> str:
    """Hours in words, in days from two days on; nothing where nobody has answered."""
    if hours is None:
        return ""
    if hours >= 48:
        return texts.plural("overview.days", round(hours / 24), language)
    return texts.plural("overview.hours", max(1, round(hours)), language)


def reasons(counted: Mapping[str, int], language: str) -> list[JSON]:
    """Bars of why referrals were declined, the most frequent first."""
    return [
        {"label": texts.of_code("referrals.reason", code, language), "value": number, "kind": "bad",
         "text": texts.number(number, language)}
        for code, number in sorted(counted.items(), key=lambda each: -each[1]) if number
    ]  # fmt: skip


def months(rows: Iterable[JSON], language: str) -> list[JSON]:
    """The figures of each month, the latest first, with its name."""
    latest = sorted(rows, key=lambda row: str(row["month"]), reverse=True)
    return [row | {"label": month_name(row["month"], language)} for row in latest]


def month_name(month: str, language: str) -> str:
    """`2026-11` as November 2026."""
    return format_skeleton("yMMMM", date.fromisoformat(f"{month}-01"), locale=language)


def bars_of(rows: Iterable[JSON], figure: str, language: str) -> list[JSON]:
    """Bars of one figure of rows that have a label."""
    return [
        {"label": row["label"], "value": row[figure], "text": texts.number(row[figure], language)}
        for row in rows
        if row[figure] is not None
    ]


def by_language(rows: Iterable[JSON], language: str) -> list[JSON]:
    """The figures of each language that clients speak, the most frequent first."""
    named = [row | {"label": texts.language_name(row["language"], language)} for row in rows if row["language"]]
    return sorted(named, key=lambda row: -(row["sent"] or 0))


def by_target(rows: Iterable[JSON], language: str) -> list[JSON]:
    """How referrals to each organisation stand, as the API orders them: where most are waiting first."""
    return [row | {"label": texts.name(row["organization"]["name"], language)} for row in rows]


def full_services(services: Iterable[JSON]) -> list[JSON]:
    """Services to which nobody can refer just now, or with a waiting list."""
    return [each for each in services if not each["accepting"] or each["capacity"]["status"] != "capacity"]
