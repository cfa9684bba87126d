"""Who has to hear of what, written down a second time: from the contract, not from the services' own tables."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

CATALOG: Final = ("catalog.organization_changed.v1", "catalog.service_changed.v1", "catalog.member_changed.v1")
DELIVERIES: Final = ("notification.delivered.v1", "notification.delivery_failed.v1")
TO_THE_DESK: Final = ("sent", "consent_withdrawn", "marked_in_error", "due_soon", "overdue")
TO_THE_SOURCE: Final = (
    "first_viewed",
    "accepted",
    "declined",
    "started",
    "held",
    "resumed",
    "completed",
    "failed",
    "expired",
    "forwarded",
)
TO_THE_OTHER_SIDE: Final = ("cancelled", "message_sent")
TO_THE_SIDE_LEFT: Final = ("handed_over",)
TO_THE_ASSIGNED: Final = ("assigned",)
TO_DESK_AND_COORDINATORS: Final = ("overdue_again", "not_started", "no_news")
TOLD: Final = tuple(
    f"referral.{name}.v1"
    for name in (
        *TO_THE_DESK,
        *TO_THE_SOURCE,
        *TO_THE_OTHER_SIDE,
        *TO_THE_SIDE_LEFT,
        *TO_THE_ASSIGNED,
        *TO_DESK_AND_COORDINATORS,
    )
)

FACTS: Final = "referral.service_facts.v1"

CONSUMERS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "catalog": {"referral": CATALOG, "notifications": CATALOG},
    "referral": {"notifications": TOLD, "catalog": (FACTS,)},
    "notifications": {"referral": DELIVERIES},
}
"""Owner → consumer → the types that it has to deal with."""


_ALWAYS: Final[Mapping[str, str]] = (
    dict.fromkeys(TO_THE_DESK, "target")
    | dict.fromkeys(TO_THE_SOURCE, "source")
    | dict.fromkeys(TO_THE_ASSIGNED, "assigned")
    | dict.fromkeys(TO_DESK_AND_COORDINATORS, "desk and coordinators")
)


def told_side(event_type: str, data: Mapping[str, Any]) -> str | None:
    """Who is told of an event of a referral: `source`, `target`, `assigned` (now or before), `desk and coordinators`.

    None when nobody is.
    """
    name = event_type.removeprefix("referral.").removesuffix(".v1")
    referral = data.get("referral", data)
    if event_type not in TOLD or referral["sent_at"] is None:
        return None
    if name in _ALWAYS:
        return _ALWAYS[name]
    side: str = data["side"] if "side" in data else referral["by_side"]
    if name in TO_THE_SIDE_LEFT:
        return side
    return "target" if side == "source" else "source"


@dataclass(frozen=True)
class Finding:
    """Something that is not as promised. `kind` is lost, doubled, stuck or wrong."""

    kind: str
    what: str
