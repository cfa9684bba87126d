"""Reports: what was sent in some months, by all organisations or by or to one, counted and made anonymous."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import col

from services.referral.domain.k_anonymity import K, enough
from services.referral.domain.lifecycle import Status
from services.referral.domain.periods import Period, months_of
from services.referral.domain.referral_filter import Box
from services.referral.domain.report import DIMENSIONS, Cell, Counts, Dimension, Group, Part, Report, report
from services.referral.domain.working_time import to_hours
from services.referral.queries.counted import Keys, Median, by_month, median_of_all, medians
from services.referral.queries.filters import is_open
from services.referral.queries.names import NamesOf
from services.referral.queries.overview import sent_between
from services.referral.schemas.report import PeriodView, ReportRow, ReportTotal, ReportView
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from shared.database.planning import plan_by_values
from shared.database.rows import table_of
from shared.problems import invalid

MOST_PARTS: Final = 50_000
_C: Final = table_of(Referral).c
_COLUMNS: Final = {
    "organization": _C.target_organization_id,
    "service": _C.service_id,
    "language": _C.language,
}
_COUNTED: Final[Mapping[str, ColumnElement[bool]]] = {
    "accepted": col(Referral.accepted_at).is_not(None),
    "declined": col(Referral.declined_at).is_not(None),
    "completed": col(Referral.status) == Status.COMPLETED,
    "cancelled_or_expired": col(Referral.status) == Status.CANCELLED,
    "not_closed": is_open(),
}


async def referral_report(
    work: ActorUnitOfWork, box: Box | None, by: Collection[Dimension], whole: Period
) -> ReportView:
    """Referrals sent in the months of `whole`.

    `box`: those that the actor's organisation sent or received; None: those of all organisations. Those that were
    marked as errors count nowhere. Whole months, so that two reports do not tell of single days.
    """
    await plan_by_values(work.tx)
    asked: set[str] = {*by, "organization"} if "service" in by else {*by}
    month, in_a_month = by_month(whole)
    columns = _COLUMNS | {"month": month}
    keys: Keys = {name: column for name, column in columns.items() if name in asked}
    sent = [*_counting(work, box), *sent_between(whole.first, whole.last)]
    among = [*sent, *(in_a_month if "month" in by else ())]
    # What is left to do for thousands of parts is done beside the requests of others.
    made, places = await asyncio.to_thread(_made, keys, await _counted(work, keys, among), whole)
    middle = await medians(work, _C.working_time_to_answer, keys, among, places)
    middle_of_all = await median_of_all(work, _C.working_time_to_answer, sent)
    named = await asyncio.to_thread(_named, made)
    names = await NamesOf.of(work, named)
    return ReportView(
        box=box,
        by=[dimension for dimension in DIMENSIONS if dimension in by],
        first=whole.first,
        last=whole.last,
        k=K,
        contents=await asyncio.to_thread(_rows, made, names, middle),
        total=ReportTotal(blanked=made.total is None, **_shown(made.total, middle_of_all)),
    )


def _counting(work: ActorUnitOfWork, box: Box | None) -> list[ColumnElement[bool]]:
    """Which referrals a report counts, whenever they were sent."""
    sides = {"sent": col(Referral.source_organization_id), "received": col(Referral.target_organization_id)}
    own = [sides[box] == work.actor.organization_id] if box else []
    return [*own, col(Referral.status) != Status.ENTERED_IN_ERROR]


async def _counted(
    work: ActorUnitOfWork, keys: Keys, among: Sequence[ColumnElement[bool]]
) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """The parts that a report is made of, as rows. Raises 422 for one of too many."""
    conditions = [condition.label(name) for name, condition in _COUNTED.items()]
    each = sa.select(*(column.label(name) for name, column in keys.items()), *conditions).where(*among).subquery()
    kept = [each.c[name] for name in keys]
    counts = [func.count().filter(each.c[name]).label(name) for name in _COUNTED]
    query = sa.select(*kept, func.count().label("sent"), *counts).group_by(*kept)
    found = (await work.tx.execute(query.order_by(sa.desc("sent")).limit(MOST_PARTS + 1))).all()
    if len(found) > MOST_PARTS:
        errors = [{"field": "query.by", "message": "too many at once"}]
        raise invalid("The report would be too long. Ask for a shorter period, or by less at once.", errors)
    return found


def _made(
    keys: Keys, counted: Sequence[sa.Row[*tuple[Any, ...]]], whole: Period
) -> tuple[Report, dict[tuple[Any, ...], int]]:
    """The report, and the places of its parts by the values of their keys."""
    months = months_of(whole)
    made = report([_part(keys, row, months) for row in counted], whole)
    number = {begin: number for number, begin in enumerate(months, 1)}
    return made, {
        _key(keys, group, number[begin] if begin else None): place for (group, begin), place in made.places.items()
    }


def _named(made: Report) -> set[UUID]:
    """The organisations and services that have rows."""
    return {each for cell in made.cells for each in (cell.group.organization, cell.group.service) if each is not None}


def _part(keys: Keys, row: sa.Row[*tuple[Any, ...]], months: Sequence[date]) -> Part:
    values = dict(zip(keys, row, strict=False))
    group = Group(values.get("organization"), values.get("service"), values.get("language"))
    month = months[values["month"] - 1] if "month" in values else None
    return Part(group, month, Counts(*row[len(keys) :]))


def _key(keys: Keys, group: Group, month: int | None) -> tuple[Any, ...]:
    """A part by the values of its keys."""
    values = {**group._asdict(), "month": month}
    return tuple(values[name] for name in keys)


def _rows(made: Report, names: NamesOf, middle: Mapping[int, Median]) -> list[ReportRow]:
    """The rows by organisation, service and language; those of one such group stay in order of time."""

    def order(place: int) -> tuple[str, str, str, str]:
        group = made.cells[place].group
        keys = names.sort_key(group.organization), names.sort_key(group.service)
        return *keys, group.language or "", f"{group.organization} {group.service}"

    return [_row(made.cells[place], names, middle.get(place)) for place in sorted(range(len(made.cells)), key=order)]


def _row(cell: Cell, names: NamesOf, middle: Median | None) -> ReportRow:
    group, period = cell.group, cell.period
    return ReportRow(
        organization=names.organization(group.organization) if group.organization else None,
        service=names.service(group.service) if group.service else None,
        language=group.language,
        period=PeriodView(kind=period.kind, first=period.first, last=period.last),
        **_shown(cell.counts, middle),
    )


def _shown(counts: Counts | None, middle: Median | None) -> dict[str, int | float | None]:
    """The figures of a row; the median where there are enough answers."""
    if counts is None:
        return {}
    told = middle.middle if middle and enough(middle.of) else None
    return {
        **counts._asdict(),
        "median_working_hours_to_answer": round(to_hours(told), 1) if told is not None else None,
    }
