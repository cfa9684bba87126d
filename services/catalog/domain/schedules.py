"""Opening hours as entries with the recurrence rules of RFC 5545, in Finnish time: what contradicts itself in them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, time
from itertools import combinations
from typing import Literal

from services.catalog.domain.refusals import RuleBroken

Frequency = Literal["WEEKLY", "MONTHLY"]

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MIDNIGHT = time(0)
"""As a closing time it is the end of the day."""

_DAY = re.compile(r"([+-]?[1-5])?(MO|TU|WE|TH|FR|SA|SU)")
_MONTH_DAY = re.compile(r"-?([1-9]|[12][0-9]|3[01])")


@dataclass(frozen=True)
class Opening:
    """One entry: on which days, between which times, for how long, and by what it differs from another (`about`)."""

    freq: Frequency | None = None
    interval: int = 1
    dtstart: date | None = None
    byday: str | None = None
    bymonthday: str | None = None
    opens_at: time | None = None
    closes_at: time | None = None
    valid_from: date | None = None
    valid_to: date | None = None
    about: str = ""

    @property
    def weekdays(self) -> frozenset[str]:
        """The days of every week on which it is open; none where only some weeks count."""
        every_week = self.freq == "WEEKLY" and self.interval == 1
        return frozenset((self.byday or "").split(",")) & frozenset(WEEKDAYS) if every_week else frozenset()


def written_days(typed: str) -> str:
    """Days of the week with commas between them, each once and in order. Raises ValueError for anything else."""
    parts = [part.strip().upper() for part in typed.split(",")]
    if not all(_DAY.fullmatch(part) for part in parts):
        raise ValueError("name days such as MO,TU,WE; in a MONTHLY one such as 2MO (the second) or -1FR (the last)")
    return ",".join(sorted(dict.fromkeys(parts), key=lambda part: WEEKDAYS.index(part[-2:])))


def written_month_days(typed: str) -> str:
    """Days of the month with commas between them, each once. Raises ValueError for anything else."""
    parts = [part.strip() for part in typed.split(",")]
    if not all(_MONTH_DAY.fullmatch(part) for part in parts):
        raise ValueError("name days of the month such as 1,15; -1 is the last one")
    return ",".join(dict.fromkeys(parts))


def check_openings(openings: Sequence[Opening]) -> None:
    """Raise RuleBroken unless each entry says when it is open, or something in words, and no two say it twice."""
    for number, opening in enumerate(openings):
        try:
            _check_hours(opening)
            _check_recurrence(opening)
            _check_period(opening)
        except RuleBroken as broken:
            raise RuleBroken(broken.detail, f"schedules.{number}.{broken.field}") from None
    for (_, one), (number, other) in combinations(enumerate(openings), 2):
        if (day := _common_day(one, other)) is not None:
            detail = (
                f"Two schedules are open at the same time on {day}. Join them, end one before the other begins, "
                "or say in `description` by what they differ."
            )
            raise RuleBroken(detail, f"schedules.{number}")


def _check_hours(opening: Opening) -> None:
    opens, closes = opening.opens_at, opening.closes_at
    if (opens is None) != (closes is None):
        missing = "opens_at" if opens is None else "closes_at"
        raise RuleBroken("Give both times, or neither.", missing)
    if opens is not None and closes is not None and closes not in (MIDNIGHT, max(opens, closes)):
        raise RuleBroken("It closes after it opens. What goes on past midnight is two schedules.", "closes_at")
    if opens == closes and opens not in (None, MIDNIGHT):
        raise RuleBroken("It closes after it opens.", "closes_at")
    if opens is None and not opening.about:
        raise RuleBroken("Give days and times, or say in `description` when it is open.", "opens_at")


def _check_recurrence(opening: Opening) -> None:
    numbered = any(len(day) > 2 for day in (opening.byday or "").split(","))
    if opening.freq == "WEEKLY" and (numbered or opening.bymonthday):
        raise RuleBroken("Days of a month need the freq MONTHLY.", "byday" if numbered else "bymonthday")
    if opening.opens_at is not None and not (opening.byday or opening.bymonthday):
        raise RuleBroken("Say on which days: MO,TU,WE,TH,FR for example.", "byday")
    if opening.freq is None and (opening.byday or opening.bymonthday):
        raise RuleBroken("Say how often: WEEKLY or MONTHLY.", "freq")
    if opening.interval > 1 and opening.dtstart is None:
        raise RuleBroken("Name the first day in dtstart: an interval is counted from it.", "dtstart")


def _check_period(opening: Opening) -> None:
    if opening.valid_from and opening.valid_to and opening.valid_to < opening.valid_from:
        raise RuleBroken("It is valid to a day on or after the one from which it is.", "valid_to")


def _common_day(one: Opening, other: Opening) -> str | None:
    """A day of the week on which both are open at the same time, in the same words and at some time of the year."""
    if one.about != other.about or not (_together(one, other) and _same_hours(one, other)):
        return None
    return next((day for day in WEEKDAYS if day in one.weekdays & other.weekdays), None)


def _together(one: Opening, other: Opening) -> bool:
    begins = max(one.valid_from or date.min, other.valid_from or date.min)
    return begins <= min(one.valid_to or date.max, other.valid_to or date.max)


def _same_hours(one: Opening, other: Opening) -> bool:
    opens = [each.opens_at for each in (one, other) if each.opens_at is not None]
    closes = [time.max if each.closes_at == MIDNIGHT else each.closes_at for each in (one, other) if each.closes_at]
    return len(opens) == len(closes) == 2 and max(opens) < min(closes)
