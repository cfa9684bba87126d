"""What the reader does on events: it writes down which organisations it has heard of."""

from typing import Any

from sqlalchemy import text

from shared.consuming.inbox import Consumer
from shared.events import Envelope
from shared.services import stream_of

_HEARD = text("INSERT INTO heard (slug) VALUES (:slug) ON CONFLICT DO NOTHING")


async def _hear(transaction: Any, event: Envelope) -> None:
    await transaction.execute(_HEARD, {"slug": event.data["slug"]})


def example_consumers() -> list[Consumer]:
    """Its consumers, which need nothing to work with."""
    return [Consumer("reader", stream_of("catalog"), {"catalog.organization_changed.v1": _hear})]
