"""What the catalogue copies from others: the statistics of its services."""

from typing import Final

from services.catalog.tables import ServiceFacts
from shared.consuming.copies import overwrite_if_newer
from shared.consuming.inbox import Consumer
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events import referral as contract
from shared.publishing.notify_listener import BATCH_DELAY
from shared.services import stream_of

GROUP: Final = "catalog"


async def keep_facts(tx: Transaction, event: Envelope) -> None:
    """Copy the statistics of a service, whether or not the catalogue knows the service."""
    facts = contract.ServiceFacts.model_validate(event.data)
    values = {"id": facts.service_id, "facts": facts.model_dump(mode="json")}
    await overwrite_if_newer(tx, ServiceFacts, {**values, "epoch": event.epoch, "sequence": event.sequence})


def build_consumers() -> list[Consumer]:
    """Which events of which streams the catalogue deals with."""
    return [Consumer(GROUP, stream_of("referral"), {"referral.service_facts.v1": keep_facts}, BATCH_DELAY)]


def example_consumers() -> list[Consumer]:
    """The consumers as they are described to others; what they would work with is never used."""
    return build_consumers()
