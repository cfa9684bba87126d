"""Filters: what a list of referrals may be narrowed to, as conditions in SQL. Who sees a row at all: `visibility`."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from services.referral.domain.attention import ANSWERS, Attention
from services.referral.domain.lifecycle import TERMINAL, Side, Status
from services.referral.queries import visibility
from services.referral.tables import Referral
from shared.actors import Actor

Assigned = Literal["me", "nobody"]


@dataclass(frozen=True)
class ReferralFilter:
    """Which of the referrals that an actor may see a list is to hold; None or empty: all."""

    box: Side | None = None
    statuses: Sequence[Status] = ()
    only_open: bool | None = None
    assigned: Assigned | None = None
    attention: Attention | None = None


def conditions(actor: Actor, wanted: ReferralFilter) -> Iterator[ColumnElement[bool]]:
    """Conditions that hold for the referrals of the list: that the actor may see them, and those of the filter."""
    boxes = {None: visibility.visible_to, Side.SOURCE: visibility.sent_by, Side.TARGET: visibility.received_by}
    yield boxes[wanted.box](actor)
    if wanted.statuses:
        yield col(Referral.status).in_(set(wanted.statuses))
    if wanted.only_open is not None:
        yield ~done() if wanted.only_open else done()
    if wanted.assigned is not None:
        yield assigned_to(actor, wanted.assigned)
    if wanted.attention is not None:
        yield needs(wanted.attention)


def done() -> ColumnElement[bool]:
    """The opposite of `domain.lifecycle.is_open`, in SQL: ended, and acknowledged by the source where it has to be."""
    ended = col(Referral.status).in_(TERMINAL)
    acknowledged = col(Referral.closed_at).is_not(None)
    void = (col(Referral.status) == Status.ENTERED_IN_ERROR) | col(Referral.sent_at).is_(None)
    return ended & (acknowledged | void)


def needs(attention: Attention) -> ColumnElement[bool]:
    """`attention.attention` in SQL: ended and still open, with the answer unseen, or with nothing left but closing."""
    status, ended_by = col(Referral.status), col(Referral.reason_side)
    news = status.in_(ANSWERS) | ((status == Status.CANCELLED) & ended_by.is_distinct_from(Side.SOURCE))
    unseen = news & col(Referral.answer_seen_at).is_(None)
    return status.in_(TERMINAL) & ~done() & (unseen if attention is Attention.ANSWER_UNSEEN else ~unseen)


def assigned_to(actor: Actor, who: Assigned) -> ColumnElement[bool]:
    """Assigned to the actor, or to nobody; only of what the actor receives, for the source does not know."""
    assignee = col(Referral.assigned_member_id)
    return and_(visibility.received_by(actor), assignee == actor.member_id if who == "me" else assignee.is_(None))
