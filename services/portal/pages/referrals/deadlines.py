"""How long is left to answer a referral, in words."""

from datetime import datetime, timedelta
from typing import Any, Final

from services.portal import texts
from shared.clock import KUOPIO

_HOUR: Final = timedelta(hours=1)
_WEEKEND: Final = 5


def time_left(referral: dict[str, Any], now: datetime, language: str) -> dict[str, str] | None:
    """`text`, `state`, `iso` and `exact` for the component `deadline`; None where no answer is waited for.

    An answer is due soon on its day, and on the working day before.
    """
    if referral["status"] != "requested" or not referral.get("respond_by"):
        return None
    due = datetime.fromisoformat(referral["respond_by"])
    left = due - now
    return {
        "text": _late(-left, language) if left <= timedelta() else _left(left, due, now, language),
        "state": "overdue" if left <= timedelta() else "soon" if _is_soon(due, now) else "ahead",
        "iso": referral["respond_by"],
        "exact": texts.moment(due, language),
    }


def _left(left: timedelta, due: datetime, now: datetime, language: str) -> str:
    days = _days_between(now, due)
    if days:
        return texts.plural("referrals.left.days", days, language)
    return texts.plural("referrals.left.hours", max(left // _HOUR, 1), language)


def _late(late: timedelta, language: str) -> str:
    if late.days:
        return texts.plural("referrals.late.days", late.days, language)
    return texts.plural("referrals.late.hours", max(late // _HOUR, 1), language)


def _days_between(now: datetime, due: datetime) -> int:
    return (due.astimezone(KUOPIO).date() - now.astimezone(KUOPIO).date()).days


def _is_soon(due: datetime, now: datetime) -> bool:
    today = now.astimezone(KUOPIO).date()
    days = [today + timedelta(days=each + 1) for each in range(_days_between(now, due))]
    return sum(day.weekday() < _WEEKEND for day in days) <= 1
