"""What was found about one piece of a platform, and how a number and an age are said."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

A_DAY_MISSED: Final = timedelta(hours=26)
"""What is done each day at least was missed once it is so long ago; the alerts of deploy/prometheus have it too."""


@dataclass(frozen=True)
class Finding:
    """`note` says what was found, `advice` what to do where it is not well."""

    piece: str
    well: bool
    note: str
    advice: str = ""


def counted(number: int, one: str, several: str) -> str:
    """A number with its words: `1 event waits`, `2 events wait`."""
    return f"{number} {one if number == 1 else several}"


def age(seconds: float) -> str:
    """A time in whole units that are over, of the largest that tells it: `75 s`, `12 min`, `5 h`, `3 days`."""
    for unit, length in (("days", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {unit}"
    return f"{max(seconds, 0):.0f} s"
