"""What an adviser needs to know of a service, as it is written into its row: checked, and each thing once."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import BaseModel

from services.catalog.domain.eligibility import check_ages
from services.catalog.domain.schedules import Opening, check_openings
from services.catalog.schemas.details import ServiceDetails
from services.catalog.schemas.schedules import NewSchedule
from services.catalog.tables import Service
from services.catalog.use_cases.texts import merged

_LISTS: Final = ("phones", "schedules", "contacts", "service_areas", "cost_options", "required_documents")
_TEXTS: Final = ("fees_description", "interpretation_services")
_NUMBERS: Final = ("minimum_age", "maximum_age", "typical_wait_days")

DETAILS: Final = set(ServiceDetails.model_fields)
"""The fields that this module deals with."""


def details_after(before: Service | None, wanted: ServiceDetails) -> dict[str, Any]:
    """What `wanted` names of the details, column by column; of a service that is there, with what it keeps.

    Raises RuleBroken for hours and ages that contradict themselves.
    """
    named = wanted.model_fields_set
    columns: dict[str, Any] = {name: as_entries(getattr(wanted, name)) for name in _LISTS if name in named}
    for name in _TEXTS:
        if name in named:
            columns[name] = merged(getattr(before, name, None) or {}, getattr(wanted, name), name)
    columns |= {name: getattr(wanted, name) for name in _NUMBERS if name in named}
    if "schedules" in named:
        _check_schedules(wanted.schedules)
    if columns.keys() & {"minimum_age", "maximum_age"}:
        check_ages(*(_known(columns, before, name) for name in ("minimum_age", "maximum_age")))
    return columns


def as_entries(given: Iterable[BaseModel]) -> list[dict[str, Any]]:
    """Things as they are kept, without those that are the same as one before them."""
    entries: list[dict[str, Any]] = []
    for each in given:
        entry = each.model_dump(mode="json", exclude_none=True)
        if entry not in entries:
            entries.append(entry)
    return entries


def _known(columns: Mapping[str, Any], before: Service | None, name: str) -> Any:
    return columns[name] if name in columns else getattr(before, name, None)


def _check_schedules(schedules: list[NewSchedule]) -> None:
    check_openings([_opening(each) for each in schedules])


def _opening(schedule: NewSchedule) -> Opening:
    words = {} if schedule.description is None else schedule.description.model_dump(exclude_none=True)
    return Opening(
        freq=schedule.freq,
        interval=schedule.interval,
        dtstart=schedule.dtstart,
        byday=schedule.byday,
        bymonthday=schedule.bymonthday,
        opens_at=schedule.opens_at,
        closes_at=schedule.closes_at,
        valid_from=schedule.valid_from,
        valid_to=schedule.valid_to,
        about="\n".join(f"{language}: {text}" for language, text in sorted(words.items())),
    )
