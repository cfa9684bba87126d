"""Referrals counted in SQL, by whatever they have in common; and medians of how long their answers took.

The database counts, so that what comes here has the size of the answer, however many referrals there are.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy import ColumnElement, DateTime, Integer, Subquery, TableValuedAlias, func
from sqlmodel import col

from services.referral.domain.lifecycle import Reason, Status
from services.referral.domain.periods import Period, last_of_month, months_of
from services.referral.tables import Referral
from services.referral.unit_of_work import UnitOfWork
from shared.clock import KUOPIO
from shared.database.value_lists import value_lists

Keys = Mapping[str, ColumnElement[Any]]
"""By what is counted: name → column"""

ANSWERED_AT: Final = func.coalesce(col(Referral.accepted_at), col(Referral.declined_at))
SECONDS_TO_ANSWER: Final = func.date_part("epoch", ANSWERED_AT - col(Referral.sent_at))


class Median(NamedTuple):
    """The middle of so many values; None where there is none."""

    of: int
    middle: float | None


def by_month(period: Period) -> tuple[ColumnElement[int], list[ColumnElement[bool]]]:
    """Which of the months of a period, from 1 on, a referral was sent in, by Kuopio's days; and that it was in one.

    They are a table to be joined with: of a function of the moment PostgreSQL expects as many values as moments.
    """
    begins = [datetime.combine(month, time(), KUOPIO) for month in months_of(period)]
    ends = [*begins[1:], datetime.combine(last_of_month(period.last) + timedelta(days=1), time(), KUOPIO)]
    moment = DateTime(timezone=True)
    numbers = range(1, len(begins) + 1)
    months = value_lists("months", {"begins": (moment, begins), "ends": (moment, ends), "number": (Integer(), numbers)})
    sent_at = col(Referral.sent_at)
    return months.c.number, [sent_at >= months.c.begins, sent_at < months.c.ends]


def status_column(status: Status) -> str:
    """The name under which `by_status` counts a status."""
    return f"status_{status.name.lower()}"


def reason_column(reason: Reason) -> str:
    """The name under which `by_status` counts what was declined for a reason."""
    return f"declined_{reason.value}"


def by_status(keys: Keys, among: Sequence[ColumnElement[bool]], more: Mapping[str, ColumnElement[bool]]) -> Subquery:
    """Referrals counted by `keys`, status and why they were declined: as few rows as there are such combinations.

    `n` are all of them, and each of `more` those of which it is true; `oldest` was sent first.
    """
    declined_for = sa.case((col(Referral.status) == Status.REJECTED, col(Referral.reason_code)))
    each = sa.select(
        *(column.label(name) for name, column in keys.items()),
        col(Referral.status).label("status"),
        declined_for.label("reason"),
        *(condition.label(name) for name, condition in more.items()),
        col(Referral.sent_at).label("sent_at"),
    ).where(*among)
    rows = each.subquery()
    kept = [rows.c[name] for name in (*keys, "status", "reason")]
    counted = [func.count().filter(rows.c[name]).label(name) for name in more]
    made = sa.select(*kept, func.count().label("n"), *counted, func.min(rows.c.sent_at).label("oldest"))
    return made.group_by(*kept).subquery()


def statuses(counted: Subquery) -> list[ColumnElement[Any]]:
    """Columns of a query over `by_status`: how many there are, in each status, and declined for each reason."""
    return [
        total(counted.c.n).label("sent"),
        *(total(counted.c.n, counted.c.status == each).label(status_column(each)) for each in Status),
        *(total(counted.c.n, counted.c.reason == each).label(reason_column(each)) for each in Reason),
    ]


def total(column: ColumnElement[int], where: ColumnElement[bool] | None = None) -> ColumnElement[int]:
    """All that was counted in a column of `by_status`, or what was counted where something is true."""
    summed = func.sum(column)
    return func.coalesce(sa.cast(summed if where is None else summed.filter(where), Integer), 0)


async def medians(
    work: UnitOfWork,
    value: ColumnElement[Any],
    keys: Keys,
    among: Sequence[ColumnElement[bool]],
    places: Mapping[tuple[Any, ...], int],
) -> dict[int, Median]:
    """The median of `value` among the referrals of each place.

    `places` leads from the values of `keys` to a place, which several may share. What is in none counts nowhere.
    """
    rows = sa.select(*(column.label(name) for name, column in keys.items()), value.label("value")).where(*among)
    each = rows.where(value.is_not(None)).subquery()
    placed = _places(keys, places)
    together = each.join(placed, sa.and_(*(each.c[name] == placed.c[name] for name in keys)))
    query = sa.select(placed.c.place, func.count(), _middle(each.c.value)).select_from(together)
    found = await work.tx.execute(query.group_by(placed.c.place))
    return {place: Median(count, middle) for place, count, middle in found}


async def median_of_all(work: UnitOfWork, value: ColumnElement[Any], among: Sequence[ColumnElement[bool]]) -> Median:
    """The median of `value` among all referrals of which `among` is true."""
    found = await work.tx.execute(sa.select(func.count(), _middle(value)).where(*among, value.is_not(None)))
    return Median(*found.one())


def _middle(value: ColumnElement[Any]) -> ColumnElement[float]:
    return func.percentile_cont(0.5).within_group(value)


def _places(keys: Keys, places: Mapping[tuple[Any, ...], int]) -> TableValuedAlias:
    """The places as a table: a row for each combination of keys."""
    columns = zip(*places, strict=True) if places else ([] for _ in keys)
    keyed = {name: (key.type, values) for (name, key), values in zip(keys.items(), columns, strict=True)}
    return value_lists("places", {**keyed, "place": (Integer(), places.values())})
