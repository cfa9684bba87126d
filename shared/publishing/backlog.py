"""How far a service is behind with publishing: events of its outbox that are not on its stream yet."""

from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from shared.figures import Look, Seen, waiting

UNPUBLISHED: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(recorded_at)), 0)::float AS oldest
FROM outbox WHERE published_at IS NULL
"""

_LIMIT: Final = 1000
_SECONDS: Final = 60.0


def publishes_in_time(number: int, oldest_seconds: float) -> bool:
    """Whether the relay goes on, by how many events wait, and the oldest of them for how long."""
    return number <= _LIMIT and oldest_seconds <= _SECONDS


def outbox_look(stream: str) -> Look:
    """Looks whether the relay of a service that writes `stream` goes on."""

    async def look(connection: AsyncConnection) -> Seen:
        row = (await connection.execute(text(UNPUBLISHED))).one()
        figures = waiting(
            "luotsi_outbox_unpublished",
            "luotsi_outbox_oldest_unpublished_seconds",
            "Events that are not on their stream yet",
            row.number,
            row.oldest,
            stream=stream,
        )
        return Seen("outbox", publishes_in_time(row.number, row.oldest), figures)

    return look


__all__ = ["UNPUBLISHED", "outbox_look", "publishes_in_time"]
