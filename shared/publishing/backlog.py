"""How far a service is behind with publishing: events of its outbox that are not on its stream yet."""

from typing import Final

from shared.figures import Look, waiting_look

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
    return waiting_look(
        "outbox",
        UNPUBLISHED,
        publishes_in_time,
        (
            "luotsi_outbox_unpublished",
            "luotsi_outbox_oldest_unpublished_seconds",
            "Events that are not on their stream yet",
        ),
        stream=stream,
    )


__all__ = ["UNPUBLISHED", "outbox_look", "publishes_in_time"]
