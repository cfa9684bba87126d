"""Figures across organisations: how many referrals went from whom to whom and when, and what became of them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from statistics import median
from typing import Any, Final, NamedTuple, get_args
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col

from services.referral.domain.deadlines import EXPIRED
from services.referral.domain.lifecycle import Status, is_open
from services.referral.queries.names import NamesOf
from services.referral.queries.overview import sent_between
from services.referral.schemas.overview import Cut, Figures, FiguresRow, OverviewFigures
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from shared.clock import day_in_kuopio

_COLUMNS: Final = (
    col(Referral.source_organization_id),
    col(Referral.target_organization_id),
    col(Referral.service_id),
    col(Referral.status),
    col(Referral.sent_at),
    col(Referral.accepted_at),
    col(Referral.declined_at),
    col(Referral.closed_at),
    col(Referral.respond_by),
    col(Referral.reason_code),
    col(Referral.business_status),
)
_Row = sa.Row[*tuple[Any, ...]]


class _Group(NamedTuple):
    """What referrals have in common; None where it is not asked for."""

    source: UUID | None
    target: UUID | None
    service: UUID | None
    month: str | None


async def overview_figures(
    work: ActorUnitOfWork, by: Collection[Cut], first: date | None, last: date | None
) -> OverviewFigures:
    """Referrals sent from `first` to `last` (days in Kuopio, both included), counted by each of `by` together.

    What was marked as an error is among `sent` and in no other figure. Rows are in order of names, then of time.
    """
    rows = (await work.tx.execute(sa.select(*_COLUMNS).where(*sent_between(first, last)))).all()
    groups: defaultdict[_Group, list[_Row]] = defaultdict(list)
    for row in rows:
        groups[_group(row, by)].append(row)
    named = {each for group in groups for each in (group.source, group.target, group.service) if each is not None}
    names = await NamesOf.of(work, named)

    def order(group: _Group) -> tuple[str, ...]:
        return *(names.sort_key(each) for each in group[:3]), group.month or "", str(group)

    contents = [_figures_row(names, group, groups[group], work.now) for group in sorted(groups, key=order)]
    return OverviewFigures(
        by=[cut for cut in get_args(Cut) if cut in by], contents=contents, total=Figures(**_figures(rows, work.now))
    )


def _group(row: _Row, by: Collection[Cut]) -> _Group:
    return _Group(
        row.source_organization_id if "source" in by else None,
        row.target_organization_id if "target" in by else None,
        row.service_id if "service" in by else None,
        f"{day_in_kuopio(row.sent_at):%Y-%m}" if "month" in by else None,
    )


def _figures_row(names: NamesOf, group: _Group, held: Sequence[_Row], now: datetime) -> FiguresRow:
    return FiguresRow(
        source=names.organization(group.source) if group.source else None,
        target=names.organization(group.target) if group.target else None,
        service=names.service(group.service) if group.service else None,
        month=group.month,
        **_figures(held, now),
    )


def _figures(held: Sequence[_Row], now: datetime) -> dict[str, Any]:
    status = Counter(Status(row.status) for row in held)
    expired = sum(row.business_status == EXPIRED for row in held)
    right = [row for row in held if row.status != Status.ENTERED_IN_ERROR]
    answers = [(row.sent_at, row.accepted_at or row.declined_at) for row in right]
    hours = [(answer - sent).total_seconds() / 3600 for sent, answer in answers if answer is not None]
    waiting = [row for row in right if row.status == Status.REQUESTED]
    return {
        "sent": len(held),
        "waiting": len(waiting),
        "overdue": sum(row.respond_by is not None and row.respond_by <= now for row in waiting),
        "accepted": sum(row.accepted_at is not None for row in right),
        "declined": status[Status.REJECTED],
        "completed": status[Status.COMPLETED],
        "failed": status[Status.FAILED],
        "cancelled": status[Status.CANCELLED] - expired,
        "expired": expired,
        "not_closed": sum(
            is_open(Status(row.status), was_sent=True, is_closed=row.closed_at is not None) for row in right
        ),
        "median_hours_to_answer": round(median(hours), 2) if hours else None,
        "decline_reasons": dict(Counter(row.reason_code for row in right if row.status == Status.REJECTED)),
    }
