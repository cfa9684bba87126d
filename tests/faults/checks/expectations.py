"""Who has to hear of what, written down a second time: from the contract, not from the services' own tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CATALOG: Final = ("catalog.organization_changed.v1", "catalog.service_changed.v1", "catalog.member_changed.v1")
WHO_MAY_SIGN_IN: Final = ("catalog.organization_changed.v1", "catalog.member_changed.v1")
DELIVERED: Final = "notification.delivered.v1"
DELIVERY_FAILED: Final = "notification.delivery_failed.v1"
DELIVERIES: Final = (DELIVERED, DELIVERY_FAILED)
_DESK: Final = frozenset({"desk"})
_SOURCE: Final = frozenset({"source"})
_ALWAYS: Final[Mapping[str, frozenset[str]]] = (
    dict.fromkeys(("sent", "due_soon", "overdue"), _DESK)
    | dict.fromkeys(("first_viewed", "accepted", "declined", "started", "held", "resumed"), _SOURCE)
    | dict.fromkeys(("completed", "failed", "expired", "forwarded"), _SOURCE)
    | dict.fromkeys(("overdue_again", "not_started", "no_news"), _DESK | {"coordinators"})
    | {"assigned": frozenset({"assigned"})}
)
_REACHES_BELOW: Final = {"source": _DESK, None: _DESK | _SOURCE}  # None: it was done further up the chain
_BY_SIDE: Final[Mapping[str, Mapping[str | None, frozenset[str]]]] = {
    "cancelled": {"source": _DESK, "target": _SOURCE},
    "message_sent": {"source": _DESK, "target": _SOURCE},
    "handed_over": {"source": _SOURCE, "target": _DESK},
    "consent_withdrawn": _REACHES_BELOW,
    "marked_in_error": _REACHES_BELOW,
    "organization_deactivated": {"source": _DESK, "target": _SOURCE},
    "organization_reactivated": {"source": _DESK, "target": _SOURCE},
}
_TO_THE_FIRST_BY_TARGET: Final = frozenset({"organization_deactivated", "organization_reactivated"})
_TO_THE_FIRST: Final = frozenset(
    {"first_viewed", "accepted", "declined", "started", "held", "resumed", "completed", "failed", "expired"}
    | {"forwarded", "cancelled", "consent_withdrawn", "marked_in_error"}
)
AUDIENCE: Final = tuple(f"referral.{name}.v1" for name in (*_ALWAYS, *_BY_SIDE))

FACTS: Final = "referral.service_facts.v1"
REMINDERS: Final = tuple(
    f"referral.{name}.v1" for name in ("due_soon", "overdue", "overdue_again", "not_started", "no_news")
)
MESSAGE: Final = "referral.message_sent.v1"
NO_CHANGES: Final = (MESSAGE, *REMINDERS)
"""What happens about a referral and is no change of it: its version stays."""

CONSUMERS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "catalog": {"referral": CATALOG, "notifications": CATALOG, "portal": WHO_MAY_SIGN_IN},
    "referral": {"notifications": AUDIENCE, "catalog": (FACTS,)},
    "notifications": {"referral": DELIVERIES},
}
"""Owner → consumer → the types that it has to deal with."""


def told_parts(event_type: str, data: Mapping[str, Any]) -> frozenset[str]:
    """Who is told of an event of a referral; empty when nobody is.

    Of `desk`, `source`, `assigned` (now or before), `coordinators`, and `first`: who began the chain of a referral that
    was passed on.
    """
    name = event_type.removeprefix("referral.").removesuffix(".v1")
    referral = data.get("referral", data)
    if event_type not in AUDIENCE or referral["sent_at"] is None:
        return frozenset()
    side = data["side"] if "side" in data else referral["by_side"]
    parts = _ALWAYS[name] if name in _ALWAYS else _BY_SIDE[name][side]
    to_the_first = name in _TO_THE_FIRST or (side == "target" and name in _TO_THE_FIRST_BY_TARGET)
    return parts | {"first"} if referral["parent_id"] and to_the_first else parts


@dataclass(frozen=True)
class Finding:
    """Something that is not as promised. `kind` is lost, doubled, stuck or wrong."""

    kind: str
    what: str
