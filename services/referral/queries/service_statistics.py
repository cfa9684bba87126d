"""Statistics of services, counted in SQL: of all those that nobody has looked at today, in one statement."""

from collections.abc import AsyncIterator, Sequence
from datetime import date
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, DateTime, Subquery, func

from services.referral.domain.lifecycle import OPEN, Reason, Status
from services.referral.domain.service_statistics import WINDOW, Statistics
from services.referral.domain.working_time import to_hours
from services.referral.queries.counted import ANSWERED_AT, reason_column
from services.referral.tables import PublishedStatistics, Referral, Service
from services.referral.unit_of_work import UnitOfWork
from shared.database.rows import table_of

_PUBLISHED: Final = table_of(PublishedStatistics)


def unseen(today: date) -> ColumnElement[bool]:
    """Whether nobody has looked at a service today; its row of what was published last stands beside it, if any."""
    return _PUBLISHED.c.looked_on.is_distinct_from(today)


async def are_there_unseen(work: UnitOfWork) -> bool:
    """Whether there are services that nobody has looked at today."""
    return (await work.tx.execute(sa.select(_unseen_services(work)).limit(1))).first() is not None


async def unseen_statistics(work: UnitOfWork) -> AsyncIterator[tuple[UUID, Statistics]]:
    """Services that nobody has looked at today, each with what its referrals say now; one without any has noughts.

    Left out is a service with an answer that is not measured yet: its median would be that of the others.
    """
    async for row in work.tx.stream(_counted(work)):
        yield _statistics(row)


def _counted(work: UnitOfWork) -> sa.Select[Any]:
    services, cases = _unseen_services(work), _cases(work)
    case = cases.c
    answered = case.answered_at.is_not(None)
    return (
        sa.select(
            services.c.service_id,
            func.count(case.status).label("referrals"),
            _how_many(case.status.in_(OPEN)).label("open"),
            _how_many(case.status == Status.REQUESTED, case.respond_by < work.now).label("overdue"),
            *(
                _how_many(case.status == Status.REJECTED, case.reason_code == each).label(reason_column(each))
                for each in Reason
            ),
            _how_many(answered).label("answers"),
            _how_many(case.answered_at > services.c.answers_until).label("new_answers"),
            _how_many(case.accepted_at.is_not(None)).label("accepted"),
            func.percentile_cont(0.5).within_group(case.working_time).label("median"),
        )
        .select_from(services.outerjoin(cases, case.service_id == services.c.service_id))
        .group_by(services.c.service_id)
        .having(_how_many(answered, case.working_time.is_(None)) == 0)
    )


def _unseen_services(work: UnitOfWork) -> Subquery:
    """With the moment until which the answers were given that are in the published figures, if any are."""
    until = _PUBLISHED.c.behind["answers"]["until"].astext.cast(DateTime(timezone=True))
    service_id = table_of(Service).c.id
    beside = table_of(Service).outerjoin(_PUBLISHED, _PUBLISHED.c.service_id == service_id)
    query = sa.select(service_id.label("service_id"), until.label("answers_until")).select_from(beside)
    return query.where(unseen(work.today)).subquery("services")


def _cases(work: UnitOfWork) -> Subquery:
    """The referrals that count: sent within the window, or before it and still open. Each part has its index."""
    c = table_of(Referral).c
    columns: list[ColumnElement[Any]] = [
        c.service_id,
        c.status,
        c.reason_code,
        c.respond_by,
        c.accepted_at,
        ANSWERED_AT.label("answered_at"),
        c.working_time_to_answer.label("working_time"),
    ]
    recent = sa.select(*columns).where(c.sent_at >= work.now - WINDOW, c.status != Status.ENTERED_IN_ERROR)
    older = sa.select(*columns).where(c.sent_at < work.now - WINDOW, c.status.in_(OPEN))
    return sa.union_all(recent, older).subquery("cases")


def _how_many(*conditions: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count().filter(*conditions)


def _statistics(row: Sequence[Any]) -> tuple[UUID, Statistics]:
    """A row of `_counted`, in the order of its columns."""
    service_id, referrals, still_open, overdue, *declined, answers, new_answers, accepted, median = row
    return service_id, Statistics(
        referrals=referrals,
        open=still_open,
        overdue=overdue,
        declined={str(each): count for each, count in zip(Reason, declined, strict=True) if count},
        answers=answers,
        new_answers=new_answers,
        acceptance_rate=accepted / answers if answers else None,
        median_hours_to_answer=to_hours(median) if answers else None,
    )
