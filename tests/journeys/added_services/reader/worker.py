"""The worker of the reader: it writes down which organisations it has heard of, and has nothing to publish."""

from typing import Any

from sqlalchemy import text

from shared.consuming.inbox import Consumer
from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.events import Envelope
from shared.services import stream_of
from shared.settings import Settings, from_environment

_HEARD = text("INSERT INTO heard (slug) VALUES (:slug) ON CONFLICT DO NOTHING")


async def _hear(transaction: Any, event: Envelope) -> None:
    await transaction.execute(_HEARD, {"slug": event.data["slug"]})


def main() -> None:
    """Run the worker until it is told to stop; settings come from the environment."""
    settings = from_environment(Settings)
    consumer = Consumer("reader", stream_of("catalog"), {"catalog.organization_changed.v1": _hear})
    database = Database(settings.database_url.get_secret_value())
    run("reader", settings, lambda: Worker("reader", settings, database, [consumer]))


if __name__ == "__main__":
    main()
