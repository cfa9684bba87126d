"""Which streams exist, who writes each, and which consumer groups must have read an entry before it may go."""

from typing import Final

SERVICES: Final = ("catalog", "referral", "notifications")

STREAMS: Final[dict[str, str]] = {
    "catalog": "catalog.events",
    "referral": "referral.events",
    "notifications": "notification.events",
}
"""Service → the one stream it writes."""

GROUPS: Final[dict[str, tuple[str, ...]]] = {
    "catalog.events": ("referral", "notifications"),
    "referral.events": ("notifications", "catalog"),
    "notification.events": ("referral",),
}
"""Stream → its declared consumer groups, each named after the service that reads."""


def streams_read_by(service: str) -> tuple[str, ...]:
    """The streams whose declared groups include `service`."""
    return tuple(stream for stream, groups in GROUPS.items() if service in groups)


def dead_stream(stream: str, group: str) -> str:
    """Where entries go that `group` could not handle."""
    return f"{stream}.dead.{group}"
