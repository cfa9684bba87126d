"""Deadlines: the day a sent referral is to be answered by, its timers, and what happens when one is due."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from services.referral.domain import deadlines
from services.referral.domain.deadlines import EXPIRED, Due, Standing, Terms, TimerKind, not_overtaken, updated_timers
from services.referral.domain.lifecycle import OPEN, Status, decide
from services.referral.queries.terms import closures_of, terms_of
from services.referral.tables import Referral, Service, Timer
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.recording import record_change, record_reminder
from services.referral.use_cases.timers import Timers, read_timers, write_timers
from shared.events.catalog import Closure

_ORDER: Final = {kind: number for number, kind in enumerate(TimerKind)}


def set_deadline(referral: Referral, service: Service | None, closures: Sequence[Closure]) -> None:
    """Give a referral that was just sent its terms: by when it is to be answered, and when it expires."""
    assert referral.sent_at is not None, "only what was sent is to be answered"
    terms = terms_of(service, referral.urgency)
    referral.response_days, referral.expiry_days = terms
    referral.respond_by = deadlines.respond_by(referral.sent_at, terms, closures)


def start_timers(work: UnitOfWork, referral: Referral, closures: Sequence[Closure]) -> None:
    """Set the timers of a referral that is being sent, and has none yet."""
    for kind, due in _running(referral, closures).items():
        work.tx.insert(Timer(referral_id=referral.id, kind=kind, since=due.since, due_at=due.at))


async def recompute_timers(work: UnitOfWork, referrals: Sequence[Referral]) -> dict[UUID, Timers]:
    """Set, move and delete the timers of referrals by what the rules say now, with the targets' closures of today.

    The caller holds the referrals' locks. Returns the timers that are stored then, by referral.
    """
    closures = await closures_of(work, list({referral.target_organization_id for referral in referrals}))
    before = await read_timers(work, [referral.id for referral in referrals])
    after: dict[UUID, Timers] = {}
    for referral in referrals:
        running = _running(referral, closures[referral.target_organization_id])
        if TimerKind.OVERDUE in running:
            referral.respond_by = running[TimerKind.OVERDUE].at
        after[referral.id] = updated_timers(before[referral.id], running)
    await write_timers(work, before, after)
    return after


def _running(referral: Referral, closures: Sequence[Closure]) -> dict[TimerKind, Due]:
    """The timers that run for a referral."""
    standing = _standing(referral)
    return deadlines.timers(standing, closures) if standing else {}


def _standing(referral: Referral) -> Standing | None:
    """What deadlines depend on; None for a draft, and for what was sent by a version that knew no deadlines."""
    if referral.sent_at is None or referral.response_days is None or referral.expiry_days is None:
        return None
    return Standing(
        status=Status(referral.status),
        sent_at=referral.sent_at,
        accepted_at=referral.accepted_at,
        news_at=referral.news_at or referral.updated_at,
        terms=Terms(referral.response_days, referral.expiry_days),
    )


async def take_due(work: UnitOfWork, besides: Sequence[UUID]) -> Referral | None:
    """Lock a referral that has a timer due and that no other transaction has locked; None when there is none.

    The one whose timer is due longest comes first; those of `besides` are left out.
    """
    timers_due = (col(Timer.fired_at).is_(None), col(Timer.due_at) <= work.now)
    next_due = (
        select(Referral)
        .join(Timer, col(Timer.referral_id) == col(Referral.id))
        .where(*timers_due, col(Referral.id).not_in(besides))
        .order_by(col(Timer.due_at), col(Referral.id))
        .limit(1)
        # Whoever writes a timer holds its referral, so the referral alone decides who may; nobody waits for anybody.
        .with_for_update(of=Referral, skip_locked=True)
    )
    return (await work.session.exec(next_due)).first()


async def fire_due(work: UnitOfWork, referral: Referral) -> None:
    """Do what is due for a locked referral: remind of it, or let it expire.

    Its timers are computed anew first, so one that has moved or stopped since it was stored has no effect.
    """
    timers = (await recompute_timers(work, [referral]))[referral.id]
    due = {kind: timer._replace(fired_at=work.now) for kind, timer in timers.items() if timer.is_due(work.now)}
    await write_timers(work, {referral.id: timers}, {referral.id: timers | due})
    for kind in sorted(not_overtaken(list(due)), key=_ORDER.__getitem__):
        if kind is TimerKind.EXPIRE:
            await _expire(work, referral)
        else:
            record_reminder(work, referral, kind)


async def _expire(work: UnitOfWork, referral: Referral) -> None:
    rule = decide("expire", Status(referral.status), was_sent=True, is_closed=False)
    assert rule.to is not None, "an expired referral has ended"
    referral.status, referral.business_status = rule.to, EXPIRED
    record_change(work, referral, rule.event, None, None)
    await recompute_timers(work, [referral])


async def adopt_some(work: UnitOfWork, at_most: int = 100) -> int:
    """Give timers to referrals that are under way without any; returns how many were found.

    They were sent by a version that knew no deadlines. Their time counts from when they were sent, like that of others.
    """
    without = (
        select(Referral)
        .where(
            col(Referral.sent_at).is_not(None),
            col(Referral.status).in_(OPEN),
            ~select(Timer.kind).where(col(Timer.referral_id) == col(Referral.id)).exists(),
        )
        .order_by(col(Referral.id))
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    referrals = (await work.session.exec(without)).all()
    for referral in referrals:
        if referral.response_days is None:
            await set_deadline(work, referral)
    await recompute_timers(work, referrals)
    return len(referrals)
