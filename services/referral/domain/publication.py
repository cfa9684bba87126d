"""What is published of a service's statistics, and when: in steps, by lot, and never of one referral. Pure.

Three rules keep whoever reads every publication, and knows these rules, from telling a single referral
(docs/decisions/0036-figures-over-time.md):

- A count is published in steps of five, rounded down: five counts look alike.
- A figure stays as it was published until five referrals have come, gone or been answered since.
- A service is looked at once a day, and published on days drawn by lot: a change does not tell of the day before.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel

from services.referral.domain.k_anonymity import K, enough
from services.referral.domain.service_statistics import WINDOW, Statistics
from shared.events.referral import DeclineReason, ServiceFacts

ONE_DAY_IN: Final = 2
"""A service is published on one day in so many, on average."""

RATE_DIGITS: Final = 1
HOURS: Final = 6
"""The median is given in steps of a quarter of a working day."""

_DECLINED: Final = "declined:"


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
    """Whether a service is published on a day; `lot` is a keyed hash of the two, which nobody outside can make."""
    return int.from_bytes(lot[:8]) % ONE_DAY_IN == 0


def refreshed(last: Published, now_exact: Statistics, now: datetime) -> Published:
    """What lies behind the figures once a service is published anew: figures that have moved enough are of `now`."""
    exact = {
        "referrals": now_exact.referrals,
        "open": now_exact.open,
        "overdue": now_exact.overdue,
        **{f"{_DECLINED}{code}": count for code, count in now_exact.declined.items()},
    }
    held = {name: _held(last.counts.get(name, 0), exact.get(name, 0)) for name in sorted({*last.counts, *exact})}
    if not enough(held["referrals"]):
        return Published()
    return Published(
        counts={name: count for name, count in held.items() if count}, answers=_answers(last.answers, now_exact, now)
    )


def _held(published: int, exact: int) -> int:
    return exact if abs(exact - published) >= K else published


def _answers(last: Answers | None, exact: Statistics, now: datetime) -> Answers | None:
    number = len(exact.answered_at)
    if last is not None:
        new = sum(at > last.until for at in exact.answered_at)
        if new < K and abs(number - last.number) < K:
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
    told = {name.removeprefix(_DECLINED): _in_fives(n) for name, n in counts.items() if name.startswith(_DECLINED)}
    rows = sorted(told.items(), key=lambda item: (-item[1], item[0]))
    return tuple(DeclineReason(code=code, referrals=count) for code, count in rows if count)


def _in_fives(count: int) -> int:
    return count // K * K
