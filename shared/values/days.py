"""Days in requests: as ISO 8601 writes them, and of our time."""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import BeforeValidator, Field

EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2199, 12, 31)
_WRITTEN: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def _written_day(value: object) -> object:
    """The value itself: pydantic would take a number, or a text of digits, as seconds since 1970, and times as days."""
    if type(value) is date or (isinstance(value, str) and _WRITTEN.fullmatch(value)):
        return value
    raise ValueError("give the day as text, such as 2026-12-24")


Day = Annotated[date, Field(ge=EARLIEST, le=LATEST, strict=False), BeforeValidator(_written_day)]
"""A day, written `2026-12-24`, from `EARLIEST` to `LATEST`: what people do, and plan, while there is this platform."""
