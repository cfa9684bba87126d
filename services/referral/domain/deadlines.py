"""The response clocks of a referral: which timers run in which state, and when each rings. Pure rules, no I/O.

`timers` is the whole truth. The rows in the database are what it said last, and are asked of it again before
anything is told; so a row that has fallen behind the facts moves, and tells nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from services.referral.domain.lifecycle import Status
from services.referral.domain.working_time import add_working_days, add_working_time
from shared.events.catalog import EXPIRY_DAYS, RESPONSE_DAYS, URGENT_RESPONSE_DAYS, Closure

_DAY: Final = timedelta(days=1)

START_WITHIN: Final = 5
"""Working days from accepting to starting."""

NEWS_WITHIN: Final = 20
"""Working days without any change or message before somebody asks."""

EXPIRED: Final = "expired"
"""The business status of a referral that nobody answered."""


class Kind(StrEnum):
    """What a timer is for."""

    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    OVERDUE_AGAIN = "overdue_again"
    EXPIRE = "expire"
    NOT_STARTED = "not_started"
    NO_NEWS = "no_news"


OVERTAKEN_BY: Final[Mapping[Kind, Kind]] = {
    Kind.DUE_SOON: Kind.OVERDUE,
    Kind.OVERDUE: Kind.OVERDUE_AGAIN,
    Kind.OVERDUE_AGAIN: Kind.EXPIRE,
    Kind.NOT_STARTED: Kind.NO_NEWS,
}
"""Reminder → the one that says more. When both are due at once, as after an outage, only the latter is told."""


class Due(NamedTuple):
    """When a timer rings, and the moment from which it counts. Another `since` is another matter: it rings again."""

    since: datetime
    at: datetime


class StoredTimer(NamedTuple):
    """A timer as it is written down. `fired_at`: it has rung for this `since`, and is done with."""

    since: datetime
    due_at: datetime
    fired_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        """Whether it is to ring."""
        return self.fired_at is None and self.due_at <= now


class Terms(NamedTuple):
    """How many working days the target has to answer, and after how many an unanswered referral expires."""

    response_days: int
    expiry_days: int


def terms(urgency: str, response: int | None, urgent_response: int | None, expiry: int | None) -> Terms:
    """The terms of a referral to a service with these days; None stands for the platform's default."""
    if urgency == "urgent":
        return Terms(urgent_response or URGENT_RESPONSE_DAYS, expiry or EXPIRY_DAYS)
    return Terms(response or RESPONSE_DAYS, expiry or EXPIRY_DAYS)


@dataclass(frozen=True)
class Standing:
    """What the clocks look at in a referral that was sent. `news_at`: its last change or message by a person."""

    status: Status
    sent_at: datetime
    accepted_at: datetime | None
    news_at: datetime
    terms: Terms


def respond_by(sent_at: datetime, promised: Terms, closures: Sequence[Closure]) -> datetime:
    """Until when the target is to answer."""
    return add_working_days(sent_at, promised.response_days, closures)


def timers(standing: Standing, closures: Sequence[Closure]) -> dict[Kind, Due]:
    """The timers that run, and when they ring; none for a referral that has ended. `closures` are the target's."""
    if standing.status is Status.REQUESTED:
        return _until_the_answer(standing, closures)
    running: dict[Kind, Due] = {}
    if standing.status is Status.ACCEPTED:
        since = standing.accepted_at or standing.news_at
        running[Kind.NOT_STARTED] = Due(since, add_working_days(since, START_WITHIN, closures))
    if standing.status in (Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD):
        since = standing.news_at
        running[Kind.NO_NEWS] = Due(since, add_working_days(since, NEWS_WITHIN, closures))
    return running


def _until_the_answer(standing: Standing, closures: Sequence[Closure]) -> dict[Kind, Due]:
    """A reminder one working day before the answer is due (half a day, where there is but one), one when it is.

    The second reminder comes after as many days again, or half way to expiry where that is sooner.
    """
    respond, expire = standing.terms.response_days * _DAY, standing.terms.expiry_days * _DAY
    after = {
        Kind.DUE_SOON: respond - min(_DAY, respond / 2),
        Kind.OVERDUE: respond,
        Kind.OVERDUE_AGAIN: respond + min(respond, (expire - respond) / 2),
        Kind.EXPIRE: expire,
    }
    since = standing.sent_at
    return {kind: Due(since, add_working_time(since, span, closures)) for kind, span in after.items()}


def wind_up(there: Mapping[Kind, StoredTimer], running: Mapping[Kind, Due]) -> dict[Kind, StoredTimer]:
    """The timers there are to be, of those that were written down; one that has rung for its `since` stays as it is."""
    wound = {}
    for kind, due in running.items():
        known = there.get(kind)
        rung = known is not None and known.since == due.since and known.fired_at is not None
        wound[kind] = known if known is not None and rung else StoredTimer(due.since, due.at)
    return wound


def told(ringing: Sequence[Kind]) -> list[Kind]:
    """Which of the timers that ring at one time are told of: those that no other of them has overtaken."""
    return [kind for kind in ringing if OVERTAKEN_BY.get(kind) not in ringing]
