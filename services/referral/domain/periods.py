"""Periods of a report: months, widened to quarters, years and the whole until none has too few referrals. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Final, Literal

from services.referral.domain.k_anonymity import enough

PeriodKind = Literal["month", "quarter", "year", "whole"]


@dataclass(frozen=True)
class Period:
    """Days from `first` to `last`, both included."""

    kind: PeriodKind
    first: date
    last: date

    def holds(self, day: date) -> bool:
        """Whether `day` lies in it."""
        return self.first <= day <= self.last


_YEAR: Final = timedelta(days=365)


def period_asked(first: date | None, last: date | None, today: date) -> Period:
    """The days from `first` to `last`; unless both are said, to today, and a year of 365 days."""
    last = last or max(today, first or today)
    return Period("whole", first or last - _YEAR + timedelta(days=1), last)


def months_asked(first: date | None, last: date | None, today: date) -> Period:
    """The months from that of `first` to that of `last`; unless both are said, to this one, and twelve of them."""
    last = last_of_month(last or max(today, first or today))
    return Period("whole", month_of(first) if first else _year_before(last) + timedelta(days=1), last)


def _year_before(last: date) -> date:
    """The last day of the same month of the year before."""
    return last_of_month(month_of(last).replace(year=last.year - 1))


def month_of(day: date) -> date:
    """The first day of the month in which `day` lies."""
    return day.replace(day=1)


def last_of_month(day: date) -> date:
    """The last day of the month in which `day` lies."""
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)


def months_of(period: Period) -> list[date]:
    """The first days of the months that have days in a period, in order."""
    found = [month_of(period.first)]
    while (following := last_of_month(found[-1]) + timedelta(days=1)) <= period.last:
        found.append(following)
    return found


_WIDER: Final[tuple[tuple[PeriodKind, Callable[[date], object]], ...]] = (
    ("quarter", lambda day: (day.year, (day.month - 1) // 3)),
    ("year", lambda day: day.year),
    ("whole", lambda day: None),
)
"""Which months make up one quarter, one year, the whole."""


def widened(counts: Mapping[date, int], whole: Period) -> list[Period]:
    """Periods that hold all of `counts` (referrals by the first day of their month), each of enough of them.

    A period that has too few is widened, and with it all others of the same quarter, year or whole: no two overlap,
    so none can be subtracted from another. The counts together must be enough.
    """
    months = sorted(month for month, count in counts.items() if count)
    blocks: list[tuple[PeriodKind, list[date]]] = [("month", [month]) for month in months]
    for kind, name in _WIDER:
        blocks = _merged(blocks, counts, kind, name)
    return [_period(kind, held, whole) for kind, held in blocks]


def _merged(
    blocks: Sequence[tuple[PeriodKind, list[date]]],
    counts: Mapping[date, int],
    kind: PeriodKind,
    name: Callable[[date], object],
) -> list[tuple[PeriodKind, list[date]]]:
    found: list[tuple[PeriodKind, list[date]]] = []
    for _, group in groupby(blocks, key=lambda block: name(block[1][0])):
        together = list(group)
        if all(enough(sum(counts[month] for month in held)) for _, held in together):
            found += together
        else:
            found.append((kind, [month for _, held in together for month in held]))
    return found


def _period(kind: PeriodKind, months: Sequence[date], whole: Period) -> Period:
    """The period of that kind in which `months` lie, as far as it lies in the whole."""
    if kind == "whole":
        return whole
    first, last = months[0], months[-1]
    if kind == "quarter":
        first = first.replace(month=(first.month - 1) // 3 * 3 + 1)
        last = last.replace(month=(last.month - 1) // 3 * 3 + 3)
    if kind == "year":
        first, last = first.replace(month=1), last.replace(month=12)
    return Period(kind, max(first, whole.first), min(last_of_month(last), whole.last))
