"""What is said of a service in a few words: room, answer time, why it fits, hours, costs."""

import math
from collections.abc import Iterator, Mapping
from typing import Any, Final

from services.portal import texts

PLATFORM_RESPONSE_DAYS: Final = 2
HOURS_OF_WORKING_DAY: Final = 24
_WEEK: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_ROOM_ICONS: Final = {
    "capacity": "success",
    "no-capacity": "cross",
    "waitlist": "clock",
    "additional-assessment-required": "information",
}
_NOBODY_THERE: Final = frozenset({"no_desk", "organization_inactive", "service_not_active"})

Json = Mapping[str, Any]


def hit(service: Json, language: str, *, suffix: str = "") -> dict[str, Any]:
    """A service as the list of what was found shows it; `suffix` is the query that its address carries on."""
    return {
        "id": service["id"],
        "title": service["name"],
        "href": f"/services/{service['slug']}{suffix}",
        "organization": service["organization"]["name"],
        "summary": service["description"],
        "fit": list(_fits(service.get("why") or {}, language)),
        "facts": [
            {"icon": "language", "text": texts.enumeration([each["name"] for each in service["languages"]], language)},
            {"icon": _ROOM_ICONS.get(service["capacity"]["status"], "information"), "text": room(service, language)},
            {"icon": "clock", "text": answer_time(service, language)},
        ],
        "closed": not service["accepting"],
        "obstacles": [texts.of_code("services.obstacle", each, language) for each in service["not_accepting_because"]],
    }


def takes_referrals(service: Json) -> bool:
    """Whether a referral can be sent there at all; where it is full or closed for the day, it waits there."""
    return _NOBODY_THERE.isdisjoint(service["not_accepting_because"])


def _fits(why: Json, language: str) -> Iterator[str]:
    for word in why.get("words", []):
        place = texts.of_code("services.place", word["place"], language)
        yield texts.text("services.why", language, word=word["found"], place=place)
    yield from (fact["text"] for fact in why.get("facts", []) if fact["fits"])


def misses(service: Json, language: str) -> list[str]:
    """What was asked for and the service does not have."""
    why = service.get("why") or {}
    missing = [texts.text("services.quoted", language, word=word) for word in why.get("missing", [])]
    words = [texts.text("services.why_not", language, words=texts.enumeration(missing, language))] if missing else []
    return words + [fact["text"] for fact in why.get("facts", []) if not fact["fits"]]


def room(service: Json, language: str) -> str:
    """Whether there is room, with the number of free places where they are counted."""
    capacity = service["capacity"]
    if (available := capacity.get("available")) is not None:
        return texts.plural("services.places", available, language)
    return texts.of_code("services.capacity", capacity["status"], language)


def answer_time(service: Json, language: str) -> str:
    """How long an answer usually takes, by what is published of the service; else within what it promises."""
    hours = (service.get("facts") or {}).get("median_working_hours_to_answer")
    if service.get("facts_status") == "shown" and hours is not None:
        if hours < HOURS_OF_WORKING_DAY:
            return texts.text("services.answers_same_day", language)
        return texts.plural("services.answers_usually", math.ceil(hours / HOURS_OF_WORKING_DAY), language)
    return texts.plural("services.answers_within", response_days(service), language)


def response_days(service: Json, urgency: str = "routine") -> int:
    """Within how many working days the service answers at the latest."""
    usual: int = service.get("response_days") or PLATFORM_RESPONSE_DAYS
    if urgency == "urgent":
        return int(service.get("urgent_response_days") or 1)
    return usual


def ages(service: Json, language: str) -> str | None:
    """For whom by age; None where nobody has said."""
    youngest, oldest = service.get("minimum_age"), service.get("maximum_age")
    if youngest is not None and oldest is not None:
        return texts.text("services.ages_between", language, youngest=youngest, oldest=oldest)
    if youngest is not None:
        return texts.text("services.ages_from", language, youngest=youngest)
    return None if oldest is None else texts.text("services.ages_to", language, oldest=oldest)


def opening(schedule: Json, language: str) -> str:
    """When a service is open by one of its schedules: `ma, ti klo 9.00-15.00, tiistaisin`."""
    parts = [_days(schedule, language), _hours(schedule, language), schedule.get("description")]
    said = " ".join(part for part in parts if part)
    first, last = schedule.get("valid_from"), schedule.get("valid_to")
    if first or last:
        shown = {
            "first": texts.day(first, language) if first else "",
            "last": texts.day(last, language) if last else "",
        }
        said += f" ({texts.text('services.valid', language, **shown).strip()})"
    return said


def _days(schedule: Json, language: str) -> str | None:
    days = [day for day in (schedule.get("byday") or "").split(",") if day]
    if not days:
        month_days = schedule.get("bymonthday")
        said = texts.text("services.month_days", language, days=month_days) if month_days else None
    elif all(day in _WEEK for day in days):
        said = _of_a_week(days, language)
    else:
        said = texts.enumeration(list(_of_a_month(days, language)), language)
    interval = schedule.get("interval", 1)
    if said is None or interval == 1:
        return said
    every = "services.every_months" if schedule.get("freq") == "MONTHLY" else "services.every_weeks"
    first = schedule.get("dtstart")
    since = texts.text("services.counted_from", language, first=texts.day(first, language)) if first else ""
    return " ".join(part for part in (said, texts.text(every, language, number=interval), since) if part)


def _of_a_week(days: list[str], language: str) -> str:
    names = [texts.weekday_name(_WEEK.index(day), language) for day in days]
    positions = [_WEEK.index(day) for day in days]
    in_a_row = len(days) > 2 and positions == list(range(positions[0], positions[0] + len(days)))
    return f"{names[0]}–{names[-1]}" if in_a_row else ", ".join(names)  # noqa: RUF001 - a range is written so


def _of_a_month(days: list[str], language: str) -> Iterator[str]:
    """Days such as 1TU,3TU as people say them: `kuukauden ensimmäinen ja kolmas tiistai`."""
    for weekday in dict.fromkeys(day[-2:] for day in days):
        weeks = [
            texts.of_code("services.week", day[:-2].lstrip("+"), language)
            for day in days
            if day[:-2] and day[-2:] == weekday
        ]
        name = texts.weekday_name(_WEEK.index(weekday), language, width="wide")
        yield texts.text("services.days_of_month", language, weeks=texts.enumeration(weeks, language), day=name)


def _hours(schedule: Json, language: str) -> str | None:
    opens, closes = schedule.get("opens_at"), schedule.get("closes_at")
    if not opens or not closes:
        return None
    return texts.text("services.hours", language, opens=_clock(opens, language), closes=_clock(closes, language))


def _clock(given: str, language: str) -> str:
    time = given[:5]
    return time.replace(":", ".") if language in ("fi", "sv") else time


def cost(option: Json, language: str) -> str:
    """A price and for whom it is."""
    amount = option.get("amount")
    price = None if amount is None else texts.price(amount, option.get("currency") or "EUR", language)
    return ", ".join(part for part in (option.get("option"), price, option.get("amount_description")) if part)


def phone_address(number: str) -> str:
    """The address that dials a number."""
    return "tel:" + "".join(letter for letter in number if letter.isdigit() or letter == "+")
