"""Opening hours over HTTP (HSDS schedule). Times are those of clocks in Finland."""

import re
from datetime import date, time
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import (
    BeforeValidator,
    Field,
    PlainSerializer,
    WithJsonSchema,
    model_validator,
)

from services.catalog.domain.schedules import Frequency, written_days, written_month_days
from services.catalog.schemas.parts import NeededDescription, NeededName, Translations
from shared.values.days import Day
from shared.values.forms import Form
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body

_TIME = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]")
_OFFSET = re.compile(r"\+0[23]:00$")


def _time_of_day(value: Any) -> Any:
    """The time without an offset of Finland's, which comes along with what was read here."""
    written = _OFFSET.sub("", value) if isinstance(value, str) else ""
    if not _TIME.fullmatch(written):
        raise ValueError("give the time in Finland as HH:MM, such as 09:00")
    return written


TimeOfDay = Annotated[
    time,
    Field(strict=False),
    BeforeValidator(_time_of_day),
    PlainSerializer(lambda moment: f"{moment:%H:%M}", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^([01][0-9]|2[0-3]):[0-5][0-9](\+0[23]:00)?$"}),
]
DaysOfWeek = Annotated[str, Form(written_days, {"maxLength": 200, "examples": ["MO,TU,WE"]})]
DaysOfMonth = Annotated[str, Form(written_month_days, {"maxLength": 200, "examples": ["1,15"]})]


class NewSchedule(Body):
    """When a service is open: days and times, or a `description` in words such as "by appointment".

    `byday` is like `MO,TU`, with the `freq` MONTHLY also like `2MO` or `-1FR`; an `interval` of 2 is every other week
    or month from `dtstart` on. `valid_from` and `valid_to` are its first and last day.
    """

    freq: Frequency | None = Field(None, description="WEEKLY when days are named and nothing else is said")
    interval: int = Field(1, ge=1, le=52, strict=True)
    dtstart: Day | None = None
    byday: DaysOfWeek | None = None
    bymonthday: DaysOfMonth | None = None
    opens_at: TimeOfDay | None = None
    closes_at: TimeOfDay | None = Field(None, description="00:00 is the end of the day")
    valid_from: Day | None = None
    valid_to: Day | None = None
    description: NeededName | None = None
    notes: NeededDescription | None = None

    @model_validator(mode="after")
    def _days_of_a_week_are_of_every_week(self) -> Self:
        if self.freq is None and self.byday and not any(character.isdigit() for character in self.byday):
            self.freq = "WEEKLY"
        return self


class ScheduleView(Answer):
    """When a service is open (HSDS schedule). Times carry the offset from UTC that holds on the day of the answer."""

    id: UUID
    freq: Maybe[Frequency] = absent()
    interval: int
    dtstart: Maybe[date] = absent()
    byday: Maybe[str] = absent()
    bymonthday: Maybe[str] = absent()
    opens_at: Maybe[str] = absent("HH:MM and the offset from UTC, such as 09:00+02:00")
    closes_at: Maybe[str] = absent("The same; 00:00 is the end of the day")
    timezone: int = Field(description="The offset from UTC in hours")
    valid_from: Maybe[date] = absent()
    valid_to: Maybe[date] = absent()
    description: Maybe[str] = absent()
    notes: Maybe[str] = absent()
    translations: Translations
