"""Publishing events of the log again, as if the stream had lost them: newest first, and behind all that is new."""

from datetime import datetime
from typing import Final

from sqlalchemy import text

from shared.database.transaction import Transaction
from shared.publishing import losses, packs
from shared.publishing.batches import EntryId

# It may be asked of a service whose tables are changed next. The version before publishes what is not marked.
_KNOWS_INTACT: Final = text(
    "SELECT EXISTS (SELECT FROM pg_attribute WHERE attrelid = to_regclass('stream_losses') AND attname = 'intact')"
)
_UNMARK: Final = text("UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL")

_BEFORE_SINCE: Final = text("""
SELECT before.entry_ms, before.entry_seq FROM (
    SELECT entry_ms, entry_seq FROM outbox WHERE recorded_at >= :since AND entry_ms IS NOT NULL
    ORDER BY entry_ms, entry_seq LIMIT 1
) AS oldest LEFT JOIN LATERAL (
    SELECT entry_ms, entry_seq FROM outbox WHERE (entry_ms, entry_seq) < (oldest.entry_ms, oldest.entry_seq)
    ORDER BY entry_ms DESC, entry_seq DESC LIMIT 1
) AS before ON true
""")


async def publish_again(tx: Transaction, stream: str, since: datetime | None = None) -> int:
    """Let the relay publish all events of the log again that were recorded from then on, all there are for None.

    Returns how many are going to be: also those that were to be published again before, or were published since then.
    """
    await tx.execute(text("SET LOCAL statement_timeout = 0"))  # a whole log may take its time
    if not (await tx.execute(_KNOWS_INTACT)).scalar_one():
        return (await tx.execute(_UNMARK)).rowcount
    await packs.hold(tx)
    after: EntryId | None = losses.NOTHING if since is None else await _newest_before(tx, since)
    if after is not None:
        await losses.note(tx, stream, after, intact=True)
    return (await tx.execute(text(losses.LEFT))).scalar() or 0


async def _newest_before(tx: Transaction, since: datetime) -> EntryId | None:
    """The newest entry before all of events that were recorded from `since` on; None where there are no such events."""
    await packs.bring_back_since(tx, since)
    found = (await tx.execute(_BEFORE_SINCE, {"since": since})).one_or_none()
    if found is None:
        return None
    return losses.NOTHING if found.entry_ms is None else (found.entry_ms, found.entry_seq)
