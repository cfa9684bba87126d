"""Filters: what a list of referrals may be narrowed to, as conditions in SQL. Who sees a row at all: `visibility`.

Statuses that an index of `tables/referrals.py` is limited to stand in the statement as literals, not as parameters: the
planner takes such an index only when it reads there that it holds all the rows.
"""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam
from sqlmodel import col, select

from services.referral.domain.attention import ANSWERS, Attention
from services.referral.domain.deadlines import TimerKind
from services.referral.domain.lifecycle import OPEN, TERMINAL, Side, Status
from services.referral.domain.referral_filter import Assigned, DueWhen, ReferralFilter
from services.referral.queries import visibility
from services.referral.queries.messages import unread_by
from services.referral.tables import Referral, Timer
from shared.actors import Actor

_ENDED: Final = TERMINAL - {Status.ENTERED_IN_ERROR}


def conditions(actor: Actor, wanted: ReferralFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Conditions that hold for the referrals of a list, beside what `boxes` say."""
    if wanted.statuses:
        yield _among(wanted.statuses)
    if wanted.statuses and OPEN.issuperset(wanted.statuses):
        yield col(Referral.closed_at).is_(None)  # so it is anyway; and the index of what is not closed has it
    if wanted.only_open is not None:
        yield is_open() if wanted.only_open else ~is_open()
    if wanted.business_status is not None:
        yield col(Referral.business_status) == _literal(wanted.business_status)
    if wanted.reference is not None:
        yield col(Referral.reference) == wanted.reference
    yield from _of_those_who_wait(actor, wanted, now)


def _of_those_who_wait(actor: Actor, wanted: ReferralFilter, now: datetime) -> Iterator[ColumnElement[bool]]:
    """Whom the referral waits for, and what for."""
    if wanted.assigned is not None:
        yield _assigned_to(actor, wanted.assigned)
    if wanted.attention is not None:
        yield needs(wanted.attention)
    if wanted.unseen_answers is not None:
        unseen = needs(Attention.ANSWER_UNSEEN)
        yield unseen if wanted.unseen_answers else ~unseen
    if wanted.unread_messages is not None:
        unread = unread_by(actor)
        yield unread if wanted.unread_messages else ~unread
    if wanted.due is not None:
        yield due(wanted.due, now)


def boxes(actor: Actor, wanted: ReferralFilter) -> list[ColumnElement[bool]]:
    """What the actor may see of the list, box by box: no referral is in both.

    Who looks after a referral at the target is nothing that the source knows, so by that only received ones are found.
    """
    made = actor.roles & {"adviser", "recipient"} and wanted.box is not Side.TARGET and wanted.assigned is None
    received = "recipient" in actor.roles and wanted.box is not Side.SOURCE
    sent_by, received_by = visibility.sent_by(actor), visibility.received_by(actor)
    return [sent_by] * bool(made) + [received_by] * received


def is_open() -> ColumnElement[bool]:
    """`domain.lifecycle.is_open` in SQL: not ended, or sent, ended and not yet acknowledged by the source."""
    ended = and_(col(Referral.sent_at).is_not(None), _among(_ENDED))
    return and_(col(Referral.closed_at).is_(None), _among(OPEN) | ended)


def needs(attention: Attention) -> ColumnElement[bool]:
    """`attention.attention` in SQL: ended and still open, with the answer unseen, or with nothing left but closing."""
    ended_by, seen_at = col(Referral.reason_side), col(Referral.answer_seen_at)
    cancelled = _among({Status.CANCELLED})
    still_open = and_(col(Referral.sent_at).is_not(None), col(Referral.closed_at).is_(None))
    if attention is Attention.ANSWER_UNSEEN:
        news = _among(ANSWERS) | (cancelled & ended_by.is_distinct_from(_literal(Side.SOURCE)))
        return and_(still_open, seen_at.is_(None), news)
    no_news = cancelled & (ended_by == _literal(Side.SOURCE))
    return and_(still_open, _among(_ENDED), seen_at.is_not(None) | no_news)


def due(when: DueWhen, now: datetime) -> ColumnElement[bool]:
    """Not answered, and the answer is due: overdue at `now`; or soon, when the moment of the reminder has come."""
    waiting, respond_by = _among({Status.REQUESTED}), col(Referral.respond_by)
    if when is DueWhen.OVERDUE:
        return and_(waiting, respond_by <= now)
    reminder = select(Timer.referral_id).where(
        col(Timer.referral_id) == col(Referral.id), col(Timer.kind) == TimerKind.DUE_SOON, col(Timer.due_at) <= now
    )
    return and_(waiting, respond_by > now, reminder.exists())


def _assigned_to(actor: Actor, who: Assigned) -> ColumnElement[bool]:
    assignee = col(Referral.assigned_member_id)
    if who == "none":
        return assignee.is_(None)
    return assignee == (actor.member_id if who == "me" else who)


def _among(statuses: Collection[Status]) -> ColumnElement[bool]:
    """Whether the status is one of these, written as the indexes have it."""
    status = col(Referral.status)
    if len(statuses) == 1:
        return status == _literal(next(iter(statuses)))
    in_order = sorted(str(each) for each in statuses)
    return status.in_(bindparam(None, in_order, expanding=True, literal_execute=True))


def _literal(value: str) -> ColumnElement[str]:
    return bindparam(None, str(value), literal_execute=True)
