"""Statistics of a service: acceptance, time to answer, reasons for declining, what is open. Pure.

PostgreSQL counts them: `queries/service_statistics.py`. What is published of them, and when, so that no one referral
shows: `publication`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

WINDOW: Final = timedelta(days=365)
"""How far back a referral counts, from its sending; an open one always counts, and a mistake never."""


@dataclass(frozen=True)
class Statistics:
    """The exact figures of a service, which are not published. `declined` counts by reason, those that were given.

    `new_answers`: how many of its `answers` were given since its figures about answers were published last.
    `acceptance_rate` is accepted by answered, 0 to 1; the median is of working hours, of which a day has 24. Both are
    None where nothing was answered.
    """

    referrals: int
    open: int
    overdue: int
    declined: Mapping[str, int]
    answers: int = 0
    new_answers: int = 0
    acceptance_rate: float | None = None
    median_hours_to_answer: float | None = None
