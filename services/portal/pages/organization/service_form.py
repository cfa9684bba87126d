"""The form of a service: all that its organisation tells about it, from what the catalogue has and back to it."""

from collections.abc import Mapping
from typing import Any, Final

from services.portal.pages.forms import Form
from services.portal.pages.organization.editing import Editing
from services.portal.pages.organization.kinds import (
    Amount,
    ByLanguage,
    Chosen,
    Codes,
    Kind,
    Number,
    Record,
    Rows,
    Several,
    Words,
)

WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
WEEKS: Final = ("1", "2", "3", "4", "5", "-1")
"""Which day of its name in a month: the first to the fifth, the last"""
_EVERY_WEEK: Final = 2
"""Characters of a day of every week (MO); longer ones (2MO) are days of a month"""


class Days(Several):
    """Days as the catalogue writes them, with commas between them: of every week, or of the weeks in `<name>_week`.

    Numbered days that are not the same in each week stay as they are written (1MO,2TU).
    """

    def fill(self, form: Form, name: str, given: Any) -> None:
        written = (given or "").split(",") if given else []
        days, weeks = list(dict.fromkeys(day[-2:] for day in written)), {day[:-2].lstrip("+") for day in written}
        if weeks <= set(WEEKS) and len(written) == len(days) * len(weeks):
            super().fill(form, f"{name}_week", sorted(weeks, key=WEEKS.index))
            written = days
        super().fill(form, name, written)

    def read(self, form: Form, name: str) -> Any:
        weeks = sorted(form.all(f"{name}_week"), key=lambda week: WEEKS.index(week) if week in WEEKS else len(WEEKS))
        days = sorted(super().read(form, name), key=_weekday)
        written = [week + day for day in days for week in (weeks if weeks and len(day) == _EVERY_WEEK else [""])]
        return ",".join(written) or None

    def compared(self, value: Any) -> Any:
        return value


def _weekday(day: str) -> int:
    return WEEKDAYS.index(day[-2:]) if day[-2:] in WEEKDAYS else len(WEEKDAYS)


class TimeOfDay(Kind):
    """A time such as 09:00; what follows it in the catalogue's answer says where it is."""

    def fill(self, form: Form, name: str, given: Any) -> None:
        super().fill(form, name, given and given[:5])


class Schedule(Record):
    """Opening hours. How often they are follows from the days, unless somebody has entered them otherwise elsewhere.

    Such ones (every month, on plain weekdays) stay as they are for as long as their days are left alone.
    """

    def fill(self, form: Form, name: str, given: Any) -> None:
        super().fill(form, name, given)
        if given.get("freq") == "MONTHLY" and given.get("byday") and not given.get("bymonthday"):
            form.values[f"{name}.monthly"] = [given["byday"]]

    def read(self, form: Form, name: str) -> Any:
        found = super().read(form, name)
        days = found.get("byday", "").split(",")
        if "bymonthday" in found or any(len(day) > _EVERY_WEEK for day in days):
            found["freq"] = "MONTHLY"
        elif "byday" in found:
            found["freq"] = "MONTHLY" if form.text(f"{name}.monthly") == found["byday"] else "WEEKLY"
        return found


_PHONE: Final = Rows(
    Record(
        {
            "number": Kind(),
            "extension": Number(),
            "type": Chosen(),
            "languages": Codes(),
            "description": ByLanguage(),
        }
    ),
    quiet=("type",),
    most=20,
)
_SCHEDULE: Final = Rows(
    Schedule(
        {
            "byday": Days(),
            "opens_at": TimeOfDay(),
            "closes_at": TimeOfDay(),
            "description": ByLanguage(),
            "valid_from": Kind(),
            "valid_to": Kind(),
            "interval": Number(),
            "dtstart": Kind(),
            "bymonthday": Kind(),
            "notes": ByLanguage(),
        }
    ),
    quiet=("interval", "monthly"),
)
_COST: Final = Record(
    {
        "option": ByLanguage(),
        "amount": Amount(),
        "currency": Chosen(),
        "amount_description": ByLanguage(),
        "valid_from": Kind(),
        "valid_to": Kind(),
    }
)
FIELDS: Final[dict[str, Kind]] = {
    "name": ByLanguage(needed=True),
    "alternate_name": ByLanguage(),
    "description": ByLanguage(),
    "eligibility_description": ByLanguage(),
    "keywords": ByLanguage(Words()),
    "status": Chosen(),
    "target_groups": Several(),
    "languages": Several(),
    "interpretation_services": ByLanguage(),
    "minimum_age": Number(),
    "maximum_age": Number(),
    "service_areas": Rows(Record({"name": ByLanguage(), "description": ByLanguage(), "uri": Kind()})),
    "location_ids": Several(),
    "phones": _PHONE,
    "schedules": _SCHEDULE,
    "url": Kind(),
    "email": Kind(),
    "contacts": Rows(
        Record({"title": ByLanguage(), "department": ByLanguage(), "email": Kind(), "phones": _PHONE}),
        most=20,
    ),
    "fees_description": ByLanguage(),
    "cost_options": Rows(_COST, quiet=("currency",)),
    "required_documents": Rows(Record({"document": ByLanguage(), "uri": Kind()})),
    "typical_wait_days": Number(),
    "response_days": Number(),
    "urgent_response_days": Number(),
    "expiry_days": Number(),
}
LABELS: Final = {
    "name": "organization.service.name",
    "alternate_name": "organization.service.alternate_name",
    "description": "organization.service.description",
    "eligibility_description": "organization.service.eligibility",
    "keywords": "organization.service.keywords",
    "status": "organization.service.status",
    "target_groups": "organization.service.target_groups",
    "languages": "organization.service.languages",
    "interpretation_services": "organization.service.interpretation",
    "minimum_age": "organization.service.minimum_age",
    "maximum_age": "organization.service.maximum_age",
    "service_areas": "organization.service.areas",
    "location_ids": "organization.service.locations",
    "phones": "organization.service.phones",
    "schedules": "organization.service.schedules",
    "url": "organization.service.url",
    "email": "organization.service.email",
    "contacts": "organization.service.contacts",
    "fees_description": "organization.service.fees",
    "cost_options": "organization.service.costs",
    "required_documents": "organization.service.documents",
    "typical_wait_days": "organization.service.wait",
    "response_days": "organization.service.response_days",
    "urgent_response_days": "organization.service.urgent_response_days",
    "expiry_days": "organization.service.expiry_days",
}
_LISTS: Final = {
    "phones": "number",
    "schedules": "opens_at",
    "contacts": "title.fi",
    "contacts.phones": "number",
    "cost_options": "option.fi",
    "required_documents": "document.fi",
    "service_areas": "name.fi",
}
CHANGED: Final = Editing(Record(FIELDS), LABELS, _LISTS)
_ROOM: Final = Record({"status": Chosen(), "available": Number()})
CAPACITY: Final = Editing(
    Record({"capacity": _ROOM}),
    {"capacity": "organization.service.capacity"},
    places={"status": "capacity.status", "available": "capacity.available"},
)
ENTERED: Final = Editing(
    Record({**FIELDS, "capacity": _ROOM}), LABELS, _LISTS, places={"available": "capacity.available"}
)


def as_given(service: Mapping[str, Any]) -> dict[str, Any]:
    """A service as the catalogue shows it, in the form in which it takes it."""
    return {
        **service,
        "languages": _codes(service),
        "location_ids": [each["location"]["id"] for each in service["service_at_locations"]],
        "phones": list(map(_phone, service["phones"])),
        "contacts": [{**each, "phones": list(map(_phone, each["phones"]))} for each in service["contacts"]],
    }


def empty(language: str) -> Form:
    """The form of a service that is not there yet."""
    return Form.filled(language, {"status": "active", "languages": ["fi"], "capacity.status": "capacity"})


def _phone(phone: Mapping[str, Any]) -> dict[str, Any]:
    return {**phone, "languages": _codes(phone)}


def _codes(thing: Mapping[str, Any]) -> list[str]:
    return [each["code"] for each in thing["languages"]]
