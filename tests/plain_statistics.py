"""Statistics of a service, counted plainly in Python: what PostgreSQL has to come to, and what tests begin with."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from services.referral.domain.lifecycle import OPEN, Status
from services.referral.domain.service_statistics import WINDOW, Statistics
from services.referral.domain.working_time import working_time
from shared.events.catalog import Closure


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


def plain_statistics(
    cases: Sequence[Case], now: datetime, closures: Sequence[Closure] = (), until: datetime | None = None
) -> Statistics:
    """The statistics of a service at `now`. `closures` are those of its organisation.

    `until`: later answers are not in what was published last.
    """
    counted = [case for case in cases if _counts(case, now)]
    answers = [(case.sent_at, case.answered_at) for case in counted if case.answered_at is not None]
    hours = [working_time(sent, answered, closures) / timedelta(hours=1) for sent, answered in answers]
    accepted = sum(case.accepted_at is not None for case in counted)
    return Statistics(
        referrals=len(counted),
        open=sum(case.status in OPEN for case in counted),
        overdue=sum(_is_late(case, now) for case in counted),
        declined=Counter(case.reason_code for case in counted if case.status is Status.REJECTED and case.reason_code),
        answers=len(answers),
        new_answers=sum(until is not None and answered > until for _, answered in answers),
        acceptance_rate=accepted / len(hours) if hours else None,
        median_hours_to_answer=median(hours) if hours else None,
    )


def _counts(case: Case, now: datetime) -> bool:
    if case.status is Status.ENTERED_IN_ERROR:
        return False
    return case.status in OPEN or case.sent_at >= now - WINDOW


def _is_late(case: Case, now: datetime) -> bool:
    return case.status is Status.REQUESTED and case.respond_by is not None and case.respond_by < now
