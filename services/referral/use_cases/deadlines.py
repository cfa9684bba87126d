"""Clocks: what a referral is promised when it is sent, its timers from then on, and what happens when they ring."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select

from services.referral.domain import deadlines
from services.referral.domain.deadlines import EXPIRED, Due, Kind, Standing, Terms, told, wind_up
from services.referral.domain.lifecycle import OPEN, Status, decide
from services.referral.queries.terms import closures_of, terms_of
from services.referral.tables import Referral, Timer
from services.referral.tables.catalog_facts import CatalogService
from services.referral.unit_of_work import Work
from services.referral.use_cases.recording import changed, reminded
from services.referral.use_cases.timers import Timers, read_timers, write_timers
from shared.database.deferred_inserts import add
from shared.events.catalog import Closure

_ORDER: Final = {kind: place for place, kind in enumerate(Kind)}


async def promise(work: Work, referral: Referral) -> None:
    """Fix the terms of a referral that was just sent: by when it is to be answered, and when it expires."""
    assert referral.sent_at is not None, "only what was sent is to be answered"
    promised = terms_of(await work.fact(CatalogService, referral.service_id), referral.urgency)
    referral.response_days, referral.expiry_days = promised
    closures = await closures_of(work, [referral.target_organization_id])
    referral.respond_by = deadlines.respond_by(referral.sent_at, promised, closures[referral.target_organization_id])


async def start(work: Work, referral: Referral) -> None:
    """Set the timers of a referral that is being sent, and has none yet."""
    closures = await closures_of(work, [referral.target_organization_id])
    for kind, due in _running(referral, closures[referral.target_organization_id]).items():
        add(work.session, Timer, referral_id=referral.id, kind=kind, since=due.since, due_at=due.at)


async def recompute_timers(work: Work, referrals: Sequence[Referral]) -> dict[UUID, Timers]:
    """Set, move and stop the timers of referrals, as the rules and the targets' closures have it now.

    The caller holds the referrals' locks. Returns the timers there are, by referral.
    """
    closures = await closures_of(work, list({referral.target_organization_id for referral in referrals}))
    there = await read_timers(work, [referral.id for referral in referrals])
    wound: dict[UUID, Timers] = {}
    for referral in referrals:
        running = _running(referral, closures[referral.target_organization_id])
        if Kind.OVERDUE in running:
            referral.respond_by = running[Kind.OVERDUE].at
        wound[referral.id] = wind_up(there[referral.id], running)
    await write_timers(work, there, wound)
    return wound


def _running(referral: Referral, closures: Sequence[Closure]) -> dict[Kind, Due]:
    """The timers that run for a referral."""
    standing = _standing(referral)
    return deadlines.timers(standing, closures) if standing else {}


def _standing(referral: Referral) -> Standing | None:
    """What the clocks look at; None for a draft, and for what was sent before there were clocks."""
    if referral.sent_at is None or referral.response_days is None or referral.expiry_days is None:
        return None
    return Standing(
        status=Status(referral.status),
        sent_at=referral.sent_at,
        accepted_at=referral.accepted_at,
        news_at=referral.news_at or referral.updated_at,
        terms=Terms(referral.response_days, referral.expiry_days),
    )


async def take_due(work: Work, besides: Sequence[UUID]) -> Referral | None:
    """Lock a referral with timers that are due, of those that nobody else has in hand; None when there is none.

    The longest due comes first, and those of `besides` not at all.
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


async def ring(work: Work, referral: Referral) -> None:
    """Do what is due for a locked referral. It is reckoned anew first: what has moved or stopped does not ring."""
    timers = (await recompute_timers(work, [referral]))[referral.id]
    ringing = {kind: timer._replace(fired_at=work.now) for kind, timer in timers.items() if timer.is_due(work.now)}
    await write_timers(work, {referral.id: timers}, {referral.id: timers | ringing})
    for kind in sorted(told(list(ringing)), key=_ORDER.__getitem__):
        if kind is Kind.EXPIRE:
            await _expire(work, referral)
        else:
            reminded(work, referral, kind)


async def _expire(work: Work, referral: Referral) -> None:
    rule = decide("expire", Status(referral.status), was_sent=True, is_closed=False)
    assert rule.to is not None, "an expired referral has ended"
    referral.status, referral.business_status = rule.to, EXPIRED
    changed(work, referral, rule.event, None, None)
    await recompute_timers(work, [referral])


async def adopt_some(work: Work, at_most: int = 100) -> int:
    """Give timers to referrals that are under way without any; returns how many were found.

    They were sent before there were clocks, and are counted like all others.
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
            await promise(work, referral)
    await recompute_timers(work, referrals)
    return len(referrals)
