"""The coordinator's overview: where referrals stall, across organisations, without a word about any client."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import ColumnElement, false, func
from sqlmodel import col, select

from services.referral.domain.attention import Attention
from services.referral.domain.lifecycle import Status, is_open
from services.referral.queries.filters import needs
from services.referral.queries.names import NamesOf
from services.referral.queries.referrals import attention_to
from services.referral.schemas.overview import OverviewReferral, OverviewRow
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from shared.clock import KUOPIO
from shared.keyset import Keyset


async def overview(work: ActorUnitOfWork, first: date | None, last: date | None) -> list[OverviewRow]:
    """Referrals sent from `first` to `last` (days in Kuopio, both included), a row per receiving organisation.

    Those with most that waits come first, then those with most that was sent; alike ones by name.
    """
    columns = (
        col(Referral.target_organization_id),
        col(Referral.status),
        col(Referral.sent_at),
        col(Referral.accepted_at),
        col(Referral.declined_at),
        col(Referral.closed_at),
        col(Referral.reason_code),
        col(Referral.reason_side),
        col(Referral.answer_seen_at),
        col(Referral.respond_by),
    )
    rows = await work.tx.execute(sa.select(*columns).where(*sent_between(first, last)))
    by_target: dict[UUID, list[sa.Row[*tuple[Any, ...]]]] = defaultdict(list)
    for row in rows:
        by_target[row.target_organization_id].append(row)
    names = await NamesOf.of(work, by_target)
    table = [_row(names, target, found, work.now) for target, found in by_target.items()]
    return sorted(
        table, key=lambda row: (-row.waiting, -row.sent, names.sort_key(row.organization.id), row.organization.id)
    )


def _row(names: NamesOf, target: UUID, found: Sequence[sa.Row[*tuple[Any, ...]]], now: datetime) -> OverviewRow:
    waiting = [row.sent_at for row in found if row.status == Status.REQUESTED]
    answered = [(row.sent_at, row.accepted_at or row.declined_at) for row in found]
    hours = [(answer - sent).total_seconds() / 3600 for sent, answer in answered if answer is not None]
    return OverviewRow(
        organization=names.organization(target),
        sent=len(found),
        by_status=dict(Counter(row.status for row in found)),
        waiting=len(waiting),
        overdue=sum(
            row.status == Status.REQUESTED and row.respond_by is not None and row.respond_by <= now for row in found
        ),
        oldest_waiting_since=min(waiting, default=None),
        not_closed=sum(
            is_open(Status(row.status), was_sent=True, is_closed=row.closed_at is not None) for row in found
        ),
        answers_unseen=sum(attention_to(row) is Attention.ANSWER_UNSEEN for row in found),
        median_hours_to_answer=round(median(hours), 2) if hours else None,
        decline_reasons=dict(Counter(row.reason_code for row in found if row.status == Status.REJECTED)),
    )


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
