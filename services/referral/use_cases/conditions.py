"""What a list of referrals may be narrowed to, in SQL; scope.py says what it may be narrowed from."""

from typing import Literal

from sqlalchemy import ColumnElement, and_
from sqlmodel import col

from services.referral import scope
from services.referral.domain import TERMINAL, Status
from services.referral.tables import Referral
from shared.auth import Actor

Assigned = Literal["me", "nobody"]


def done() -> ColumnElement[bool]:
    """`domain.is_open` the other way round: ended, and acknowledged by the source where there is a need to."""
    ended = col(Referral.status).in_(TERMINAL)
    acknowledged = col(Referral.closed_at).is_not(None)
    void = (col(Referral.status) == Status.ENTERED_IN_ERROR) | col(Referral.sent_at).is_(None)
    return ended & (acknowledged | void)


def assigned_to(actor: Actor, who: Assigned) -> ColumnElement[bool]:
    """Assigned to the actor, or to nobody; only of what the actor receives, for the source does not know."""
    assignee = col(Referral.assigned_member_id)
    return and_(scope.received_by(actor), assignee == actor.member_id if who == "me" else assignee.is_(None))
