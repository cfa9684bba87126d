"""Figures across organisations: how many referrals went from whom to whom and when, and what became of them."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final, get_args

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import col

from services.referral.domain.deadlines import EXPIRED
from services.referral.domain.lifecycle import Status
from services.referral.domain.periods import Period, months_of
from services.referral.domain.referral_filter import DueWhen
from services.referral.queries.counted import (
    SECONDS_TO_ANSWER,
    Keys,
    Median,
    by_month,
    by_status,
    median_of_all,
    medians,
    status_column,
    statuses,
    total,
)
from services.referral.queries.filters import due, is_open
from services.referral.queries.names import NamesOf
from services.referral.queries.overview import decline_reasons, in_hours, sent_between
from services.referral.schemas.overview import Cut, Figures, FiguresRow, OverviewFigures
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from shared.database.planning import plan_by_values
from shared.database.rows import table_of

_C: Final = table_of(Referral).c
_COLUMNS: Final = {
    "source": _C.source_organization_id,
    "target": _C.target_organization_id,
    "service": _C.service_id,
}


async def overview_figures(work: ActorUnitOfWork, by: Collection[Cut], period: Period, limit: int) -> OverviewFigures:
    """Referrals sent in the period, counted by each of `by` together.

    What was marked as an error is among `sent` and in no other figure. Rows are in order of names, then of time. Where
    there are more than `limit`, those are there of which most was sent.
    """
    await plan_by_values(work.tx)
    month, in_a_month = by_month(period)
    columns = _COLUMNS | {"month": month}
    keys: Keys = {cut: columns[cut] for cut in get_args(Cut) if cut in by}
    sent = sent_between(period.first, period.last)
    among = [*sent, *(in_a_month if "month" in by else ())]
    whole, *rows = (await work.tx.execute(_counted(work, keys, among, limit))).mappings().all()
    places = {tuple(row[name] for name in keys): number for number, row in enumerate(rows)}
    right = col(Referral.status) != Status.ENTERED_IN_ERROR
    middle = await medians(work, SECONDS_TO_ANSWER, keys, [*among, right], places)
    middle_of_all = await median_of_all(work, SECONDS_TO_ANSWER, [*sent, right])
    named = {row[cut] for row in rows for cut in keys if cut != "month"}
    names = await NamesOf.of(work, named)
    # Thousands of rows are put into words beside the requests of others.
    contents = await asyncio.to_thread(_in_order, names, rows, months_of(period), middle)
    return OverviewFigures(
        by=list(keys),
        first=period.first,
        last=period.last,
        contents=contents,
        left_out=whole["rows"] - 1 - len(rows),
        total=Figures(**_figures(whole, middle_of_all)),
    )


def _counted(work: ActorUnitOfWork, keys: Keys, among: Sequence[ColumnElement[bool]], limit: int) -> sa.Select[Any]:
    """All together first, with the number of rows besides; then as many rows as are wanted."""
    more = {
        "overdue": due(DueWhen.OVERDUE, work.now),
        "is_open": is_open(),
        "accepted": col(Referral.accepted_at).is_not(None),
        "expired": col(Referral.business_status) == EXPIRED,
    }
    counted = by_status(keys, among, more)
    kept = [counted.c[name] for name in keys]
    is_whole = func.grouping(*kept).label("is_whole")
    right = counted.c.status != Status.ENTERED_IN_ERROR
    return (
        sa.select(
            *kept,
            is_whole,
            *statuses(counted),
            *(total(counted.c[name], right).label(name) for name in more),
            func.count().over().label("rows"),
        )
        .group_by(func.grouping_sets(sa.tuple_(*kept), sa.tuple_()))
        .order_by(is_whole.desc(), sa.desc("sent"), *kept)
        .limit(limit + 1)
    )


def _in_order(
    names: NamesOf, rows: Sequence[sa.RowMapping], months: Sequence[date], middle: Mapping[int, Median]
) -> list[FiguresRow]:
    def order(number: int) -> tuple[Any, ...]:
        row = rows[number]
        ids = [row.get(cut) for cut in ("source", "target", "service")]
        return *(names.sort_key(each) for each in ids), row.get("month", 0), str(ids)

    return [
        _figures_row(names, rows[number], months, middle.get(number)) for number in sorted(range(len(rows)), key=order)
    ]


def _figures_row(names: NamesOf, row: sa.RowMapping, months: Sequence[date], middle: Median | None) -> FiguresRow:
    return FiguresRow(
        source=names.organization(row["source"]) if "source" in row else None,
        target=names.organization(row["target"]) if "target" in row else None,
        service=names.service(row["service"]) if "service" in row else None,
        month=f"{months[row['month'] - 1]:%Y-%m}" if "month" in row else None,
        **_figures(row, middle),
    )


def _figures(row: sa.RowMapping, middle: Median | None) -> dict[str, Any]:
    return {
        "sent": row["sent"],
        "waiting": row[status_column(Status.REQUESTED)],
        "overdue": row["overdue"],
        "accepted": row["accepted"],
        "declined": row[status_column(Status.REJECTED)],
        "completed": row[status_column(Status.COMPLETED)],
        "failed": row[status_column(Status.FAILED)],
        "cancelled": row[status_column(Status.CANCELLED)] - row["expired"],
        "expired": row["expired"],
        "not_closed": row["is_open"],
        "median_hours_to_answer": in_hours(middle),
        "decline_reasons": decline_reasons(row),
    }
