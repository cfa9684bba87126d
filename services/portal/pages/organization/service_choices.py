"""What there is to choose from in the form of a service."""

from collections.abc import Mapping
from typing import Any, Final

from babel import Locale
from babel.dates import get_day_names

from services.portal.pages.forms import Form
from services.portal.pages.organization.rows import rows_of
from services.portal.pages.organization.service_form import WEEKDAYS, WEEKS
from services.portal.texts import language_name, of_code

STATUSES: Final = ("active", "temporarily closed", "inactive", "defunct")
CAPACITIES: Final = ("capacity", "waitlist", "additional-assessment-required", "no-capacity")
PHONE_TYPES: Final = ("voice", "cell", "text", "textphone", "video", "fax", "pager")
TARGET_GROUPS: Final = (
    "everyone",
    "newcomers",
    "jobseekers",
    "international-students",
    "international-talent",
    "researchers",
    "entrepreneurs",
    "companies",
    "families",
    "professionals",
    "volunteers",
)
LANGUAGES: Final = (
    *("fi", "sv", "en", "ar", "bn", "de", "es", "et", "fa", "fr", "hi", "ku", "my", "ne", "pl", "ps", "pt", "ro"),
    *("ru", "si", "so", "sq", "sw", "ta", "th", "ti", "tl", "tr", "uk", "ur", "vi", "zh"),
)
"""The languages to tick: those of the pages, and those that most people in Finland speak; others are typed."""
_FIRST: Final = 3
Options = list[dict[str, str]]


def choices(form: Form, organization: Mapping[str, Any], language: str) -> dict[str, Any]:
    """Each list of choices by name. What a service has and the lists have not stays to be chosen."""
    further = [code for code in form.all("languages") if code not in LANGUAGES]
    days = dict(zip(WEEKDAYS, _weekdays(language), strict=True))
    return {
        "statuses": [
            _option(each, of_code("organization.service_status", each.replace(" ", "-"), language)) for each in STATUSES
        ],
        "capacities": [_option(each, of_code("organization.capacity", each, language)) for each in CAPACITIES],
        "phone_types": [_option(each, of_code("organization.phone_type", each, language)) for each in PHONE_TYPES],
        "target_groups": [
            _option(each, of_code("organization.target_group", each, language)) for each in TARGET_GROUPS
        ],
        "language_options": _languages([*LANGUAGES, *further], language),
        "places": [_option(each["id"], each["name"]) for each in organization["locations"]],
        "weekdays": {row: _days(form, row, days) for row in rows_of(form, "schedules")},
        "weeks": [_option(each, of_code("organization.week", each, language)) for each in WEEKS],
        "currencies": [_option(each, each) for each in ("EUR", *_currencies(form))],
    }


def _languages(codes: list[str], language: str) -> Options:
    """The languages of the pages first, then the others by name."""
    named = [_option(code, language_name(code, language)) for code in codes]
    return [*named[:_FIRST], *sorted(named[_FIRST:], key=lambda option: option["label"].casefold())]


def _days(form: Form, row: str, names: Mapping[str, str]) -> Options:
    """The days of the week, and single days of a month (2MO) that the row has."""
    further = [day for day in form.all(f"{row}.byday") if day not in names]
    return [_option(day, name) for day, name in names.items()] + [
        _option(day, f"{day[:-2]}. {names.get(day[-2:], day)}") for day in further
    ]


def _currencies(form: Form) -> list[str]:
    used = {form.value(f"{row}.currency") for row in rows_of(form, "cost_options")}
    return sorted(used - {"EUR", ""})


def _weekdays(language: str) -> list[str]:
    names = get_day_names("abbreviated", "stand-alone", Locale.parse(language))
    return [names[number] for number in range(len(WEEKDAYS))]


def _option(value: str, label: str) -> dict[str, str]:
    return {"value": value, "label": label}
