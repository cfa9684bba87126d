"""What the portal does with events: it copies who may sign in, and for which organisation."""

from collections.abc import Sequence
from functools import partial
from typing import Final

from services.portal.tables import Member, Organization
from shared.consuming.catalog_copy import apply
from shared.consuming.copies import Copied
from shared.consuming.inbox import BatchHandler, Consumer
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.publishing.notify_listener import BATCH_DELAY
from shared.services import stream_of

GROUP: Final = "portal"


def build_consumers() -> list[Consumer]:
    """Which events of which streams the portal deals with."""
    handlers = {
        "catalog.organization_changed.v1": BatchHandler(partial(_copy, Organization)),
        "catalog.member_changed.v1": BatchHandler(partial(_copy, Member)),
    }
    return [Consumer(GROUP, stream_of("catalog"), handlers, BATCH_DELAY)]


async def _copy(table: type[Copied], tx: Transaction, events: Sequence[Envelope]) -> None:
    await apply(tx, table, *events)


def example_consumers() -> list[Consumer]:
    """The consumers as they are described to others."""
    return build_consumers()
