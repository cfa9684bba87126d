"""What people may command at the rig, and what it carries."""

from typing import Final

from tests.faults.people import JSON

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
    "withdraw-consent": {"withdrawal": {"told_by": "client", "told_on": "2026-02-03"}},
}
_CONSENT: Final = {"given_on": "2026-01-07", "how": "oral", "scope": "name, contact, reason"}
LEGAL_BASIS: Final[JSON] = {"kind": "consent", "consent": _CONSENT}
