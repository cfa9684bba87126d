"""For what reason a delivery failed, in one of a few words: what a mail server said may name somebody."""

import re
from typing import Final

REASONS: Final = ("refused", "later", "login", "encryption", "timeout", "connection", "other")
"""`refused`: for good. `later`: the server wants to be asked again. `login`: it wants another login, or encryption."""

_OF_ERRORS: Final = (
    (re.compile(r"(\w+: )?\(?5(03|30|34|35|38)\b"), "login"),
    (re.compile(r"(\w+: )?\(?5\d\d\b"), "refused"),
    (re.compile(r"(\w+: )?\(?4\d\d\b"), "later"),
    (re.compile(r"\w*(SSL|Certificate)|SMTPException: .*STARTTLS"), "encryption"),
    (re.compile(r"\w*Timeout"), "timeout"),
    (re.compile(r"\w*(Connect|Disconnected|OSError|gaierror)"), "connection"),
)
"""What `deliveries.last_error` begins with: the number of an answer, or the name of what was raised"""


def reason_of(error: str | None) -> str:
    """The word of REASONS for what `deliveries.last_error` says."""
    return next((reason for pattern, reason in _OF_ERRORS if pattern.match(error or "")), "other")


__all__ = ["REASONS", "reason_of"]
