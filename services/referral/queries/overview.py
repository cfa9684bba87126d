"""The coordinator's overview: where referrals stall, across organisations, without a word about any client."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, false, func
from sqlmodel import col, select

from services.referral.domain.attention import Attention
from services.referral.domain.lifecycle import Reason, Status
from services.referral.domain.periods import Period
from services.referral.domain.referral_filter import DueWhen
from services.referral.queries.counted import (
    SECONDS_TO_ANSWER,
    Keys,
    Median,
    by_status,
    medians,
    reason_column,
    status_column,
    statuses,
    total,
)
from services.referral.queries.filters import due, is_open, needs
from services.referral.queries.names import NamesOf
from services.referral.queries.referrals import attention_to
from services.referral.schemas.overview import OverviewReferral, OverviewRow
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from shared.clock import KUOPIO
from shared.database.planning import plan_by_values
from shared.database.rows import table_of
from shared.keyset import Keyset

_HOUR: Final = 3600
_TARGET: Final[Keys] = {"target": table_of(Referral).c.target_organization_id}


async def overview(work: ActorUnitOfWork, period: Period) -> list[OverviewRow]:
    """Referrals sent in the period, a row per receiving organisation.

    Those with most that waits come first, then those with most that was sent; alike ones by name.
    """
    await plan_by_values(work.tx)
    among = sent_between(period.first, period.last)
    more = {
        "overdue": due(DueWhen.OVERDUE, work.now),
        "is_open": is_open(),
        "unseen": needs(Attention.ANSWER_UNSEEN),
    }
    counted = by_status(_TARGET, among, more)
    query = sa.select(
        counted.c.target,
        *statuses(counted),
        *(total(counted.c[name]).label(name) for name in more),
        func.min(counted.c.oldest).filter(counted.c.status == Status.REQUESTED).label("oldest_waiting_since"),
    ).group_by(counted.c.target)
    rows = (await work.tx.execute(query)).mappings().all()
    places = {(row["target"],): number for number, row in enumerate(rows)}
    middle = await medians(work, SECONDS_TO_ANSWER, _TARGET, among, places)
    names = await NamesOf.of(work, [row["target"] for row in rows])
    return await asyncio.to_thread(_in_order, names, rows, middle)  # hundreds of rows, beside the requests of others


def _in_order(names: NamesOf, rows: Sequence[sa.RowMapping], middle: Mapping[int, Median]) -> list[OverviewRow]:
    table = [_row(names, row, middle.get(number)) for number, row in enumerate(rows)]
    return sorted(
        table, key=lambda row: (-row.waiting, -row.sent, names.sort_key(row.organization.id), row.organization.id)
    )


def _row(names: NamesOf, row: sa.RowMapping, middle: Median | None) -> OverviewRow:
    waiting: int = row[status_column(Status.REQUESTED)]
    return OverviewRow(
        organization=names.organization(row["target"]),
        sent=row["sent"],
        by_status={each: count for each in Status if (count := row[status_column(each)])},
        waiting=waiting,
        overdue=row["overdue"],
        oldest_waiting_since=row["oldest_waiting_since"],
        not_closed=row["is_open"],
        answers_unseen=row["unseen"],
        median_hours_to_answer=in_hours(middle),
        decline_reasons=decline_reasons(row),
    )


def decline_reasons(row: sa.RowMapping) -> dict[Reason, int]:
    """How often each reason was given, out of the columns of `statuses`."""
    return {each: count for each in Reason if (count := row[reason_column(each)])}


def in_hours(median: Median | None) -> float | None:
    """A median of seconds as it is shown; None where nothing was answered."""
    return round(median.middle / _HOUR, 2) if median and median.middle is not None else None


@dataclass(frozen=True)
class OverviewFilter:
    """Which referrals of the overview are asked for; days are days of sending in Kuopio, None narrows nothing."""

    first: date | None
    last: date | None
    statuses: Sequence[Status]
    attention: Attention | None
    overdue: bool | None


async def overview_referrals(work: ActorUnitOfWork, page: Keyset, only: OverviewFilter) -> list[Referral]:
    """Sent referrals across organisations, newest first: one row more than the page holds, if there is one."""
    query = select(Referral).where(*sent_between(only.first, only.last))
    if only.statuses:
        query = query.where(col(Referral.status).in_(set(only.statuses)))
    if only.attention is not None:
        query = query.where(needs(only.attention))
    if only.overdue is not None:
        late = (col(Referral.status) == Status.REQUESTED) & (col(Referral.respond_by) <= work.now)
        query = query.where(late if only.overdue else ~func.coalesce(late, false()))
    if page.after is not None:
        query = query.where(col(Referral.id) < page.after)
    return await work.tx.all(query.order_by(col(Referral.id).desc()).limit(page.limit + 1))


def overview_referral(referral: Referral, names: NamesOf) -> OverviewReferral:
    """A referral as the coordinator sees it."""
    return OverviewReferral(
        **referral.model_dump(include=set(OverviewReferral.model_fields)),
        attention=attention_to(referral),
        service=names.service(referral.service_id),
        source_organization=names.organization(referral.source_organization_id),
        target_organization=names.organization(referral.target_organization_id),
    )


def sent_between(first: date | None, last: date | None) -> list[ColumnElement[bool]]:
    """Sent from `first` to `last`, days in Kuopio, both included."""
    conditions: list[ColumnElement[bool]] = [col(Referral.sent_at).is_not(None)]
    if first is not None:
        conditions.append(col(Referral.sent_at) >= datetime.combine(first, time(), KUOPIO))
    if last is not None:
        conditions.append(col(Referral.sent_at) < datetime.combine(last + timedelta(days=1), time(), KUOPIO))
    return conditions
