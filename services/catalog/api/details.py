"""What an adviser needs to know of a service, in answers: each thing in one language, with its translations."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from babel.units import format_unit

from services.catalog.api.parts import language_view, thing_view
from services.catalog.tables import Service
from shared.clock import KUOPIO

_TEXTS = {
    "phones": ("description",),
    "schedules": ("description", "notes"),
    "contacts": ("title", "department"),
    "service_areas": ("name", "description"),
    "cost_options": ("option", "amount_description"),
    "required_documents": ("document",),
}
"""List of a service → the texts of a thing in it."""


def details(row: Service, language: str, today: date) -> dict[str, Any]:
    """The lists of a service, and how long one waits in words."""
    lists = {
        kind: [thing_view(row.id, kind, each, texts, language) for each in getattr(row, kind) or ()]
        for kind, texts in _TEXTS.items()
    }
    return {
        **lists,
        "phones": [_phone(each, language) for each in lists["phones"]],
        "schedules": [_schedule(each, today) for each in lists["schedules"]],
        "contacts": [_contact(each, language) for each in lists["contacts"]],
        "wait_time": _days(row.typical_wait_days, language),
    }


def _phone(phone: Mapping[str, Any], language: str) -> dict[str, Any]:
    return {**phone, "languages": [language_view(phone["id"], code, language) for code in phone["languages"]]}


def _contact(contact: Mapping[str, Any], language: str) -> dict[str, Any]:
    phones = [
        _phone(thing_view(contact["id"], "phones", each, _TEXTS["phones"], language), language)
        for each in contact["phones"]
    ]
    return {**contact, "phones": phones}


def _schedule(schedule: Mapping[str, Any], today: date) -> dict[str, Any]:
    """With the offset from UTC that holds today, or from the day on which it begins to be valid."""
    begins = schedule.get("valid_from")
    day = max(today, date.fromisoformat(begins)) if begins else today
    offset = datetime(day.year, day.month, day.day, 12, tzinfo=KUOPIO).utcoffset() or timedelta()
    hours = offset // timedelta(hours=1)
    times = {name: f"{schedule[name]}+{hours:02}:00" for name in ("opens_at", "closes_at") if name in schedule}
    return {**schedule, **times, "timezone": hours}


def _days(days: int | None, language: str) -> str | None:
    return None if days is None else format_unit(days, "duration-day", locale=language)
