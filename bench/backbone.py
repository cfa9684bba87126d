"""Contender: Luotsi's backbone as the services run it, a worker that relays and workers that consume."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import text

import shared.consuming.worker
from bench.testbed import CONSUMER, EVENT_TYPE, PRODUCER, STREAM
from shared.consuming.inbox import BatchHandler, Consumer
from shared.consuming.subscribing import subscribe
from shared.consuming.worker import Worker, run
from shared.database.connections import Database
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.publishing.relay import Relay
from shared.services import stream_of
from shared.settings import Settings

_EFFECT = text("""
INSERT INTO effects (event_id, subject, sequence)
SELECT * FROM unnest(CAST(:events AS uuid[]), CAST(:subjects AS text[]), CAST(:sequences AS bigint[]))
""")


async def _take_effect(tx: Transaction, events: Sequence[Envelope]) -> None:
    """One statement for a whole batch, as the services keep their copies."""
    columns = {
        "events": [event.id for event in events],
        "subjects": [event.subject for event in events],
        "sequences": [event.sequence for event in events],
    }
    await tx.execute(_EFFECT, columns)


def relay(task: dict[str, Any]) -> None:
    """A worker of the producing service. Runs until killed."""
    run(PRODUCER, *_worker(task, PRODUCER, []))


def consume(task: dict[str, Any]) -> None:
    """A worker of the consuming service. Runs until killed."""
    run(CONSUMER, *_worker(task, CONSUMER, [Consumer(CONSUMER, STREAM, {EVENT_TYPE: BatchHandler(_take_effect)})]))


def _worker(task: dict[str, Any], service: str, consumers: list[Consumer]) -> tuple[Settings, Callable[[], Worker]]:
    settings = Settings(
        database_url=task["database_url"],
        redis_url=task["redis_urls"][service],
        jwks="",
        worker_name=task["name"],
        heartbeat_file=Path(task["ready"]),
        log_level="WARNING",
    )
    # Services leave it at 100.
    vars(shared.consuming.worker)["subscribe"] = partial(subscribe, batch=task["batch"])

    def build() -> Worker:
        database = Database(task["database_url"])
        worker = Worker(service, settings, database, consumers)
        worker.relay = Relay(database, worker.redis, stream_of(service), settings.worker_name, task["batch"])
        return worker

    return settings, build
