"""Publishing events of the log again, by the relay: those that are packed come back into the outbox first."""

from datetime import datetime
from typing import Final

from sqlalchemy import text

from shared.database.transaction import Transaction
from shared.publishing import packs

_AGAIN: Final = text(
    "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL "
    "AND (CAST(:since AS timestamptz) IS NULL OR recorded_at >= :since)"
)
_HAS_PACKS: Final = text("SELECT to_regclass('event_packs') IS NOT NULL")


async def publish_again(tx: Transaction, since: datetime | None = None) -> int:
    """Let the relay publish all events again that were recorded from then on; returns how many there are."""
    await tx.execute(text("SET LOCAL statement_timeout = 0"))  # a whole log may take its time
    if (await tx.execute(_HAS_PACKS)).scalar_one():  # it may be asked of a service whose tables are changed next
        await packs.hold(tx)
        await packs.bring_back_since(tx, since)
    return (await tx.execute(_AGAIN, {"since": since})).rowcount
