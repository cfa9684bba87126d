"""Deadlines: the day a sent referral is to be answered by, its timers, and what happens when one is due."""

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.referral.domain import deadlines
from services.referral.domain.deadlines import (
    EXPIRED,
    Due,
    Standing,
    Terms,
    TimerKind,
    is_due,
    not_overtaken,
    timers_to_set,
)
from services.referral.domain.lifecycle import OPEN, Status, decide
from services.referral.queries.terms import closures_of, terms_of
from services.referral.tables import Referral, Service, Timer
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.recording import record_aside, record_change
from services.referral.use_cases.withholding import withhold_messages
from shared.events.catalog import Closure

_ORDER: Final = {kind: number for number, kind in enumerate(TimerKind)}

Timers = dict[TimerKind, Timer]

_TIMERS = (
    select(Timer).where(col(Timer.referral_id) == any_(bindparam("referrals", type_=ARRAY(Uuid)))).with_for_update()
)


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


async def recompute_timers(
    work: UnitOfWork, referrals: Sequence[Referral], known: Mapping[UUID, Sequence[Closure]] | None = None
) -> dict[UUID, Timers]:
    """Set, move and delete the timers of referrals by what the rules say now, with the targets' closures of today.

    The caller holds the referrals' locks, and may give those closures. Returns the timers there are then, by referral.
    """
    closures = known or await closures_of(work, {referral.target_organization_id for referral in referrals})
    timers = await _lock_timers(work, [referral.id for referral in referrals])
    for referral in referrals:
        running = _running(referral, closures[referral.target_organization_id])
        if TimerKind.OVERDUE in running:
            referral.respond_by = running[TimerKind.OVERDUE].at
            work.tx.update(referral)
        work.tx.delete(*(timers[referral.id].pop(kind) for kind in timers[referral.id].keys() - running.keys()))
        _set_timers(work, referral.id, timers[referral.id], running)
    return timers


async def _lock_timers(work: UnitOfWork, referral_ids: Sequence[UUID]) -> dict[UUID, Timers]:
    """The timers of each referral, locked; none for a referral without."""
    found: dict[UUID, Timers] = {referral_id: {} for referral_id in referral_ids}
    for timer in await work.tx.all(_TIMERS, {"referrals": list(found)}):
        found[timer.referral_id][TimerKind(timer.kind)] = timer
    return found


def _set_timers(work: UnitOfWork, referral_id: UUID, timers: Timers, running: Mapping[TimerKind, Due]) -> None:
    for kind, due in timers_to_set(timers, running).items():
        timer = timers.get(kind)
        if timer is None:
            timers[kind] = Timer(referral_id=referral_id, kind=kind, since=due.since, due_at=due.at)
            work.tx.insert(timers[kind])
        else:
            timer.since, timer.due_at, timer.fired_at = due.since, due.at, None
            work.tx.update(timer)


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
    return await work.tx.first(next_due)


async def fire_due(work: UnitOfWork, referral: Referral) -> list[TimerKind]:
    """Do what is due for a locked referral: remind of it, or let it expire. Returns what was due and had an effect.

    Its timers are computed anew first, so one that has moved or stopped since it was stored has no effect.
    """
    timers = (await recompute_timers(work, [referral]))[referral.id]
    due = [kind for kind, timer in timers.items() if is_due(timer, work.now)]
    for kind in due:
        timers[kind].fired_at = work.now
        work.tx.update(timers[kind])
    effective = sorted(not_overtaken(due), key=_ORDER.__getitem__)
    for kind in effective:
        if kind is TimerKind.EXPIRE:
            await _expire(work, referral)
        else:
            record_aside(work, referral, kind)
    return effective


async def _expire(work: UnitOfWork, referral: Referral) -> None:
    rule = decide("expire", Status(referral.status), was_sent=True, is_closed=False)
    assert rule.to is not None, "an expired referral has ended"
    referral.status, referral.business_status = rule.to, EXPIRED
    record_change(work, referral, rule.event, None, None)
    await withhold_messages(work, [referral])
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
    referrals = await work.tx.all(without)
    await _set_missing_deadlines(work, [each for each in referrals if each.response_days is None])
    await recompute_timers(work, referrals)
    return len(referrals)


async def _set_missing_deadlines(work: UnitOfWork, referrals: Sequence[Referral]) -> None:
    known = select(Service).where(col(Service.id).in_({each.service_id for each in referrals}))
    services = {service.id: service for service in await work.tx.all(known)} if referrals else {}
    closures = await closures_of(work, {each.target_organization_id for each in referrals})
    for referral in referrals:
        set_deadline(referral, services.get(referral.service_id), closures[referral.target_organization_id])
        work.tx.update(referral)
