"""Reports: what was sent in some months, by all organisations or by or to one, counted and made anonymous."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, func
from sqlmodel import col, select

from services.referral.domain.k_anonymity import K, enough
from services.referral.domain.lifecycle import Status, is_open
from services.referral.domain.periods import Period, last_of_month, month_of
from services.referral.domain.referral_filter import Box
from services.referral.domain.report import DIMENSIONS, Cell, Counted, Dimension, Figures, report
from services.referral.domain.working_time import working_time
from services.referral.queries.names import NamesOf
from services.referral.queries.overview import sent_between
from services.referral.schemas.report import PeriodView, ReportRow, ReportTotal, ReportView
from services.referral.tables import Organization, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from shared.clock import day_in_kuopio
from shared.events.catalog import Closure

_HOUR = 3600


async def referral_report(
    work: ActorUnitOfWork, box: Box | None, by: Collection[Dimension], first: date | None, last: date | None
) -> ReportView:
    """Referrals sent in the months from that of `first` to that of `last`; without them, in all months.

    `box`: those that the actor's organisation sent or received; None: those of all organisations. Those that were
    marked as errors count nowhere. Whole months, so that two reports do not tell of single days.
    """
    among = _counting(work, box)
    whole = Period("whole", month_of(first or await _first_day(work, among)), last_of_month(last or work.today))
    counted = await _counted(work, among, whole)
    made = report(counted, by, whole)
    organizations = {cell.group.organization for cell in made.cells if cell.group.organization}
    services = {cell.group.service for cell in made.cells if cell.group.service}
    names = await NamesOf.of(work, organizations | services)
    return ReportView(
        box=box,
        by=[dimension for dimension in DIMENSIONS if dimension in by],
        first=whole.first,
        last=whole.last,
        k=K,
        contents=[_row(cell, names) for cell in sorted(made.cells, key=lambda cell: _by_name(cell, names))],
        total=ReportTotal(blanked=made.total is None, **_shown(made.total)),
    )


def _by_name(cell: Cell, names: NamesOf) -> tuple[str, str, str, str]:
    """The order of rows: by organisation, service and language; those of one such group stay in order of time."""
    group = cell.group
    keys = names.sort_key(group.organization), names.sort_key(group.service)
    return *keys, group.language or "", f"{group.organization} {group.service}"


def _row(cell: Cell, names: NamesOf) -> ReportRow:
    group, period = cell.group, cell.period
    return ReportRow(
        organization=names.organization(group.organization) if group.organization else None,
        service=names.service(group.service) if group.service else None,
        language=group.language,
        period=PeriodView(kind=period.kind, first=period.first, last=period.last),
        **_shown(cell.figures),
    )


def _shown(figures: Figures | None) -> dict[str, int | float | None]:
    return figures._asdict() if figures is not None else {}


def _counting(work: ActorUnitOfWork, box: Box | None) -> list[ColumnElement[bool]]:
    """Which referrals a report counts, whenever they were sent."""
    sides = {"sent": col(Referral.source_organization_id), "received": col(Referral.target_organization_id)}
    own = [sides[box] == work.actor.organization_id] if box else []
    return [*own, col(Referral.status) != Status.ENTERED_IN_ERROR]


async def _first_day(work: ActorUnitOfWork, among: Sequence[ColumnElement[bool]]) -> date:
    """The day on which the first referral was sent; today, where fewer than five were: too few look like none."""
    query = select(func.min(Referral.sent_at), func.count()).where(*among, *sent_between(None, None))
    ((found, count),) = await work.tx.tuples(query)
    return day_in_kuopio(found if found and enough(count) else work.now)


async def _counted(work: ActorUnitOfWork, among: Sequence[ColumnElement[bool]], whole: Period) -> list[Counted]:
    columns = (
        col(Referral.target_organization_id),
        col(Referral.service_id),
        col(Referral.language),
        col(Referral.status),
        col(Referral.sent_at),
        col(Referral.accepted_at),
        col(Referral.declined_at),
        col(Referral.closed_at),
    )
    rows = await work.tx.execute(sa.select(*columns).where(*among, *sent_between(whole.first, whole.last)))
    closures = {row.id: row.closed_days for row in await work.tx.all(select(Organization))}
    return [
        Counted(
            organization=row.target_organization_id,
            service=row.service_id,
            language=row.language,
            sent_on=day_in_kuopio(row.sent_at),
            accepted=row.accepted_at is not None,
            declined=row.declined_at is not None,
            completed=row.status == Status.COMPLETED,
            cancelled_or_expired=row.status == Status.CANCELLED,
            not_closed=is_open(Status(row.status), was_sent=True, is_closed=row.closed_at is not None),
            hours_to_answer=_hours(
                row.sent_at, row.accepted_at or row.declined_at, closures, row.target_organization_id
            ),
        )
        for row in rows
    ]


def _hours(
    sent_at: datetime, answered_at: datetime | None, closures: Mapping[UUID, Sequence[Closure]], organization: UUID
) -> float | None:
    if answered_at is None:
        return None
    return working_time(sent_at, answered_at, closures.get(organization, ())).total_seconds() / _HOUR
