"""What people may command at the rig, what it carries, and which event it makes."""

from typing import Final

from tests.faults.people import JSON

EVENTS: Final = {
    "accept": "accepted",
    "decline": "declined",
    "start": "started",
    "hold": "held",
    "resume": "resumed",
    "complete": "completed",
    "fail": "failed",
    "cancel": "cancelled",
    "withdraw-consent": "consent_withdrawn",
    "close": "closed",
}
"""Command → the event that it makes."""

DESK_DOES: Final = {
    "requested": ("accept", "accept", "accept", "decline"),
    "accepted": ("start", "start", "complete", "fail"),
    "in-progress": ("complete", "complete", "hold"),
    "on-hold": ("resume",),
}
CARRIES: Final[dict[str, JSON]] = {
    "decline": {"reason": {"code": "no_capacity"}},
    "hold": {"reason": {"code": "missing_information"}},
    "fail": {"reason": {"code": "could_not_contact"}},
    "cancel": {"reason": {"code": "client_not_interested"}},
    "complete": {"outcome": {"code": "services_received"}},
}
CONSENT: Final = {"given_on": "2026-01-07", "how": "oral", "scope": "name, contact, reason"}
