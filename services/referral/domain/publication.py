"""What is published of a service's statistics, and when: in steps, by lot, and never of one referral. Pure.

Four rules keep whoever reads every publication, and knows these rules, from telling a single referral
(docs/decisions/0036-figures-over-time.md):

- A count is published in steps of five, rounded down: five counts look alike.
- A figure stays as it was published until five referrals have come, gone or been answered since.
- A service is looked at once a day, and each of its figures is published on days drawn by lots of its own: a change
  does not tell of the day before, and one figure that changes does not tell that another had no reason to.
- Each reason is a figure by itself, and `other` what is left: none moves because another is rare no more.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from services.referral.domain.k_anonymity import K, enough
from services.referral.domain.lifecycle import Reason
from services.referral.domain.service_statistics import WINDOW, Statistics
from shared.events.referral import DeclineReason, ServiceFacts

ONE_DAY_IN: Final = 2
"""A figure is published on one day in so many, on average."""

RATE_DIGITS: Final = 1
HOURS: Final = 6
"""The median is given in steps of a quarter of a working day."""

DECLINED: Final = "declined"
"""The name of the figure of all that was declined; that of a reason begins with it."""
ANSWERS: Final = "answers"


class Answers(BaseModel):
    """How the answers of a service stood when they were published last. `until`: later ones are not in it."""

    number: int
    until: AwareDatetime
    acceptance_rate: float
    median_hours: float


class Published(BaseModel):
    """What lay behind each figure of a service when that figure was published last: exact, and not to be published."""

    counts: dict[str, int] = {}
    answers: Answers | None = None


def is_drawn(lot: bytes) -> bool:
    """Whether a figure is published on a day; `lot` is a keyed hash of both, which nobody outside can make."""
    return int.from_bytes(lot[:8]) % ONE_DAY_IN == 0


def all_figures(_: str) -> bool:
    """The lots of a day on which every figure is published."""
    return True


def refreshed(
    last: Published, exact: Statistics, now: datetime, drawn: Callable[[str], bool] = all_figures
) -> Published:
    """What lies behind the figures after a day: those that are `drawn` and have moved enough are of `now`."""
    counted = _counts(exact)
    held = {
        name: _held(last.counts.get(name, 0), counted.get(name, 0)) if drawn(name) else last.counts.get(name, 0)
        for name in sorted({*last.counts, *counted})
    }
    if not enough(held["referrals"]):
        return Published()
    answers = _answers(last.answers, exact, now) if drawn(ANSWERS) else last.answers
    return Published(counts={name: count for name, count in held.items() if count}, answers=answers)


def _counts(exact: Statistics) -> dict[str, int]:
    """The counts that are published, each as a figure by itself.

    What was declined for rare reasons is told as what is left of all that was declined. So no figure depends on whether
    another is rare, for one referral can change that.
    """
    return {
        "referrals": exact.referrals,
        "open": exact.open,
        "overdue": exact.overdue,
        DECLINED: sum(exact.declined.values()),
        **{f"{DECLINED}:{code}": count for code, count in exact.declined.items() if code != Reason.OTHER},
    }


def _held(published: int, exact: int) -> int:
    return exact if abs(exact - published) >= K else published


def _answers(last: Answers | None, exact: Statistics, now: datetime) -> Answers | None:
    number = exact.answers
    if last is not None and exact.new_answers < K and abs(number - last.number) < K:
        return last
    if not enough(number) or exact.acceptance_rate is None or exact.median_hours_to_answer is None:
        return None
    return Answers(
        number=number,
        until=now,
        acceptance_rate=exact.acceptance_rate,
        median_hours=exact.median_hours_to_answer,
    )


def shown(service_id: UUID, organization_id: UUID, published: Published, as_of: datetime) -> ServiceFacts:
    """What everybody is told of a service: the figures in steps, or that they are suppressed."""
    counts, answers = published.counts, published.answers
    if not enough(counts.get("referrals", 0)):
        return ServiceFacts(service_id=service_id, suppressed=True)
    return ServiceFacts(
        service_id=service_id,
        suppressed=False,
        organization_id=organization_id,
        window_days=WINDOW.days,
        referrals=_in_fives(counts["referrals"]),
        acceptance_rate=round(answers.acceptance_rate, RATE_DIGITS) if answers else None,
        median_working_hours_to_answer=float(round(answers.median_hours / HOURS) * HOURS) if answers else None,
        decline_reasons=_reasons(counts),
        open=_in_fives(counts.get("open", 0)),
        overdue=_in_fives(counts.get("overdue", 0)),
        as_of=as_of,
    )


def _reasons(counts: Mapping[str, int]) -> tuple[DeclineReason, ...]:
    """The reasons with enough behind them, and as `other` what is left of all that was declined."""
    named = {name.partition(":")[2]: n for name, n in counts.items() if name.startswith(f"{DECLINED}:") and enough(n)}
    rest = counts.get(DECLINED, 0) - sum(named.values())
    told = {code: _in_fives(count) for code, count in {**named, Reason.OTHER: max(rest, 0)}.items()}
    rows = sorted(told.items(), key=lambda item: (-item[1], item[0]))
    return tuple(DeclineReason(code=code, referrals=count) for code, count in rows if count)


def _in_fives(count: int) -> int:
    return count // K * K
