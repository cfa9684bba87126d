"""For what reason a delivery failed, in one of a few words: what a mail server said may name somebody."""

import re
from typing import Final

REASONS: Final = ("refused", "later", "login", "encryption", "timeout", "connection", "other")
"""`refused`: for good. `later`: the server wants to be asked again. `login`: it wants another login, or encryption."""

_OF_ERRORS: Final = (
    (re.compile(r"returned: "), "refused"),
    (re.compile(r"(\w+: )?\(?5(03|30|34|35|38)\b"), "login"),
    (re.compile(r"(\w+: )?\(?5\d\d\b"), "refused"),
    (re.compile(r"(\w+: )?\(?4\d\d\b"), "later"),
    (re.compile(r"no encrypted connection|\w*(SSL|Certificate)|SMTPException: .*STARTTLS"), "encryption"),
    (re.compile(r"\w*Timeout"), "timeout"),
    (re.compile(r"\w*(Connect|Disconnected|OSError|gaierror)"), "connection"),
)
"""What `deliveries.last_error` begins with: the number of an answer, or the name of what was raised"""


_WORDS: Final = {
    "refused": "refused for good",
    "later": "the mail server wants to be asked again later",
    "login": "the mail server wants a login, another one, or encryption",
    "encryption": "no encrypted connection",
    "timeout": "the mail server did not answer in time",
    "connection": "no connection to the mail server",
    "other": "for a reason of this platform",
}
# An answer may have a second number of three parts (RFC 3463), which says more than the first.
_ANSWER: Final = re.compile(r"(?:\w+: )?\(?(?P<code>[45]\d\d)(?:,? ?[\"']?(?P<status>[45]\.\d{1,3}\.\d{1,3})\b)?")
_OURS: Final = re.compile(r"(no encrypted connection: |the mail cannot be written)")
_RETURNED: Final = re.compile(r"returned: (?P<status>[245]\.\d{1,3}\.\d{1,3})?")


def in_short(error: str | None) -> str:
    """What `deliveries.last_error` says, for logs and operators: its numbers and our own words, never a server's.

    What a server says may name somebody, or hold an address.
    """
    if ours := _OURS.match(error or ""):
        return (error or "") if ours[1].startswith("no ") else ours[1]
    if returned := _RETURNED.match(error or ""):
        return f"{returned['status'] or 'no reason'} (came back after the mail server had taken it)"
    words = _WORDS[reason_of(error)]
    if answer := _ANSWER.match(error or ""):
        numbers = " ".join(part for part in answer.group("code", "status") if part)
        return f"{numbers} ({words})"
    return words


def reason_of(error: str | None) -> str:
    """The word of REASONS for what `deliveries.last_error` says."""
    return next((reason for pattern, reason in _OF_ERRORS if pattern.match(error or "")), "other")


__all__ = ["REASONS", "in_short", "reason_of"]
