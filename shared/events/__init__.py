"""The event contract: the envelope and, per type, the model of its data. No infrastructure in here."""

from shared.events import catalog, notification, referral
from shared.events.envelope import Envelope, Names, Payload, schema_name

EVENT_TYPES: dict[str, type[Payload]] = {**catalog.EVENTS, **referral.EVENTS, **notification.EVENTS}
"""Event type → model of its `data`. A type ends in its version; changes are additive, or a new version."""


def parse_data(envelope: Envelope) -> Payload:
    """The typed data of an envelope.

    Raises KeyError for a type outside the contract and pydantic.ValidationError for data of a wrong shape.
    """
    return EVENT_TYPES[envelope.type].model_validate(envelope.data)


__all__ = ["EVENT_TYPES", "Envelope", "Names", "Payload", "parse_data", "schema_name"]
