"""Deadlines of a referral: which timers run in which state, and when each is due. Pure rules, no I/O.

`timers` decides. The rows in the database hold what it said last, and it is asked again before a row has any effect.
So a row that is out of date, as after a new closure, is moved, and reminds of nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Literal, NamedTuple, Protocol

from services.referral.domain.lifecycle import Status
from services.referral.domain.working_time import add_working_days, add_working_time
from shared.events.catalog import EXPIRY_DAYS, RESPONSE_DAYS, URGENT_RESPONSE_DAYS, Closure

_DAY: Final = timedelta(days=1)

START_WITHIN: Final = 5
"""Working days from accepting to starting."""

NEWS_WITHIN: Final = 20
"""Working days without any change or message before somebody asks."""

BusinessStatus = Literal["expired"]
EXPIRED: Final[BusinessStatus] = "expired"
"""The business status of a referral that nobody answered."""


class TimerKind(StrEnum):
    """What a timer is for."""

    DUE_SOON = "due_soon"
    OVERDUE = "overdue"
    OVERDUE_AGAIN = "overdue_again"
    EXPIRE = "expire"
    NOT_STARTED = "not_started"
    NO_NEWS = "no_news"


OVERTAKEN_BY: Final[Mapping[TimerKind, TimerKind]] = {
    TimerKind.DUE_SOON: TimerKind.OVERDUE,
    TimerKind.OVERDUE: TimerKind.OVERDUE_AGAIN,
    TimerKind.OVERDUE_AGAIN: TimerKind.EXPIRE,
    TimerKind.NOT_STARTED: TimerKind.NO_NEWS,
}
"""Timer → the one that says more. When both are due at once, as after an outage, only the latter has an effect."""


class Due(NamedTuple):
    """When a timer is due, and the moment it counts from. With another `since` it is due again, though it has fired."""

    since: datetime
    at: datetime


class StoredTimer(Protocol):
    """What the rules know of a stored timer. `fired_at`: when it fired for this `since`; None while it waits."""

    @property
    def since(self) -> datetime: ...
    @property
    def due_at(self) -> datetime: ...
    @property
    def fired_at(self) -> datetime | None: ...


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
    """What deadlines depend on in a referral that was sent. `news_at`: its last change or message by a person."""

    status: Status
    sent_at: datetime
    accepted_at: datetime | None
    news_at: datetime
    terms: Terms


def respond_by(sent_at: datetime, terms: Terms, closures: Sequence[Closure]) -> datetime:
    """Until when the target is to answer."""
    return add_working_days(sent_at, terms.response_days, closures)


def timers(standing: Standing, closures: Sequence[Closure]) -> dict[TimerKind, Due]:
    """The timers that run, and when they are due; none once a referral has ended. `closures` are the target's."""
    if standing.status is Status.REQUESTED:
        return _until_the_answer(standing, closures)
    running: dict[TimerKind, Due] = {}
    if standing.status is Status.ACCEPTED:
        since = standing.accepted_at or standing.news_at
        running[TimerKind.NOT_STARTED] = Due(since, add_working_days(since, START_WITHIN, closures))
    if standing.status in (Status.ACCEPTED, Status.IN_PROGRESS, Status.ON_HOLD):
        since = standing.news_at
        running[TimerKind.NO_NEWS] = Due(since, add_working_days(since, NEWS_WITHIN, closures))
    return running


def _until_the_answer(standing: Standing, closures: Sequence[Closure]) -> dict[TimerKind, Due]:
    """A reminder one working day before the answer is due (half a day, where there is but one), one when it is.

    The second reminder comes after as many days again, or half way to expiry where that is sooner.
    """
    respond, expire = standing.terms.response_days * _DAY, standing.terms.expiry_days * _DAY
    after = {
        TimerKind.DUE_SOON: respond - min(_DAY, respond / 2),
        TimerKind.OVERDUE: respond,
        TimerKind.OVERDUE_AGAIN: respond + min(respond, (expire - respond) / 2),
        TimerKind.EXPIRE: expire,
    }
    since = standing.sent_at
    return {kind: Due(since, add_working_time(since, span, closures)) for kind, span in after.items()}


def timers_to_set(stored: Mapping[TimerKind, StoredTimer], running: Mapping[TimerKind, Due]) -> dict[TimerKind, Due]:
    """The running timers that are not stored as they should be: new ones, moved ones, and those with another `since`.

    A timer that has fired stays as it is, as long as its `since` is the same.
    """
    return {kind: due for kind, due in running.items() if not _is_set(stored.get(kind), due)}


def _is_set(timer: StoredTimer | None, due: Due) -> bool:
    if timer is None or timer.since != due.since:
        return False
    return timer.fired_at is not None or timer.due_at == due.at


def is_due(timer: StoredTimer, now: datetime) -> bool:
    """Whether the timer's time has come and it has not fired yet."""
    return timer.fired_at is None and timer.due_at <= now


def not_overtaken(kinds: Sequence[TimerKind]) -> list[TimerKind]:
    """Those timers, of some that are due at one time, that no other of them has overtaken (OVERTAKEN_BY)."""
    return [kind for kind in kinds if OVERTAKEN_BY.get(kind) not in kinds]
