"""Statistics of a service: acceptance, time to answer, reasons for declining, what is open. Pure.

What is published of them, and when, so that no one referral shows: `publication`.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from services.referral.domain.lifecycle import OPEN, Status
from services.referral.domain.working_time import working_time
from shared.events.catalog import Closure

WINDOW: Final = timedelta(days=365)
"""How far back a referral counts, from its sending; an open one always counts."""


@dataclass(frozen=True)
class Case:
    """What is looked at in one referral that was sent. All times are aware."""

    status: Status
    sent_at: datetime
    accepted_at: datetime | None = None
    declined_at: datetime | None = None
    reason_code: str | None = None
    respond_by: datetime | None = None

    @property
    def answered_at(self) -> datetime | None:
        """When the target accepted or declined."""
        return self.accepted_at or self.declined_at


@dataclass(frozen=True)
class Statistics:
    """The exact figures of a service, which are not published. `answered_at`: when each of its answers was given.

    `acceptance_rate` is accepted by answered, 0 to 1; it and the median are None where nothing was answered.
    """

    referrals: int
    open: int
    overdue: int
    declined: dict[str, int]
    answered_at: tuple[datetime, ...] = ()
    acceptance_rate: float | None = None
    median_hours_to_answer: float | None = None


def counts(case: Case, now: datetime) -> bool:
    """Whether a referral counts at `now`: sent within the window or still open, and no mistake."""
    if case.status is Status.ENTERED_IN_ERROR:
        return False
    return case.status in OPEN or case.sent_at >= now - WINDOW


def hours_to_answer(cases: Sequence[Case], closures: Sequence[Closure]) -> list[float]:
    """Working hours from sending to the answer, of those that were answered; a working day has 24."""
    spans = [working_time(case.sent_at, case.answered_at, closures) for case in cases if case.answered_at is not None]
    return [span / timedelta(hours=1) for span in spans]


def statistics_of(cases: Sequence[Case], closures: Sequence[Closure], now: datetime) -> Statistics:
    """The statistics of a service at `now`; `declined` counts by reason.

    `closures` are those of its organisation. `cases` may hold more than what counts.
    """
    counted = [case for case in cases if counts(case, now)]
    hours = hours_to_answer(counted, closures)
    accepted = sum(case.accepted_at is not None for case in counted)
    reasons = Counter(case.reason_code for case in counted if case.status is Status.REJECTED and case.reason_code)
    return Statistics(
        referrals=len(counted),
        open=sum(case.status in OPEN for case in counted),
        overdue=sum(_is_late(case, now) for case in counted),
        declined=dict(reasons),
        answered_at=tuple(case.answered_at for case in counted if case.answered_at is not None),
        acceptance_rate=accepted / len(hours) if hours else None,
        median_hours_to_answer=median(hours) if hours else None,
    )


def _is_late(case: Case, now: datetime) -> bool:
    return case.status is Status.REQUESTED and case.respond_by is not None and case.respond_by < now
