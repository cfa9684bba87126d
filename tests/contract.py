"""The lifecycle written out by hand from the contract, independently of the table under test."""

from typing import Final

UNDER_WAY: Final = ("accepted", "in-progress", "on-hold")
ENDED: Final = ("completed", "failed", "rejected", "cancelled")
CONTRACT: Final[dict[str, dict[str, str]]] = {
    "send": {"draft": "requested"},
    "accept": {"requested": "accepted"},
    "decline": {"requested": "rejected"},
    "start": {"accepted": "in-progress"},
    "hold": {"accepted": "on-hold", "in-progress": "on-hold"},
    "resume": {"on-hold": "in-progress"},
    "complete": dict.fromkeys(UNDER_WAY, "completed"),
    "fail": dict.fromkeys(UNDER_WAY, "failed"),
    "cancel": dict.fromkeys(("draft", "requested", *UNDER_WAY), "cancelled"),
    "withdraw-consent": dict.fromkeys(("draft", "requested", *UNDER_WAY), "cancelled"),
    "expire": {"requested": "cancelled"},
    "mark-error": dict.fromkeys(("draft", "requested", *UNDER_WAY, *ENDED), "entered-in-error"),
    "close": {status: status for status in ENDED},
    "forward": {"accepted": "accepted", "in-progress": "in-progress"},
}
"""Command → {from: to}."""

FOR_BELOW: Final = {"withdraw-consent": ENDED}
"""Command → the ended states from which it still ends what was passed on, if there is something to end."""

SIDES: Final = {
    "source": {"send", "withdraw-consent", "mark-error", "close", "cancel"},
    "target": {"accept", "decline", "start", "hold", "resume", "complete", "fail", "cancel", "forward"},
}
"""Side → the commands that are its own."""

EVENT_OF: Final = {
    "send": "sent",
    "accept": "accepted",
    "decline": "declined",
    "start": "started",
    "hold": "held",
    "resume": "resumed",
    "complete": "completed",
    "fail": "failed",
    "cancel": "cancelled",
    "withdraw-consent": "consent_withdrawn",
    "mark-error": "marked_in_error",
    "close": "closed",
    "forward": "forwarded",
}
"""Command → what is told of it. What the clock alone does is no command of anybody."""
