"""By which channels somebody is told beside the inbox, and of which channels' failures people are told."""

from typing import Final

INBOX: Final = "inbox"
EMAIL: Final = "email"

FAILURES_TOLD: Final = frozenset({EMAIL})
"""The channels for which a delivery that was given up is told to people: the words of that notice speak of mail."""


def channels_wanted(*, by_mail: bool) -> frozenset[str]:
    """The channels beside the inbox for a recipient who wants mail, or does not."""
    return frozenset({EMAIL}) if by_mail else frozenset()
