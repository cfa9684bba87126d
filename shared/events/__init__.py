"""The event contract: the envelope and, per type, the model of its data. No infrastructure in here."""

from shared.events import catalog, notification, referral
from shared.events.envelope import Envelope, Names, Payload, schema_name

EVENT_TYPES: dict[str, type[Payload]] = {**catalog.EVENTS, **referral.EVENTS, **notification.EVENTS}
"""Event type → model of its `data`. A type ends in its version; changes are additive, or a new version."""

__all__ = ["EVENT_TYPES", "Envelope", "Names", "Payload", "schema_name"]
