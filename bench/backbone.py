"""Contender: Luotsi's backbone as the services run it, a worker that relays and workers that consume."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import shared.consuming.worker
from bench.ground import CONSUMER, EVENT_TYPE, PRODUCER, STREAM
from shared.consuming.inbox import BatchHandler, Consumer
from shared.consuming.stream_reader import subscribe
from shared.consuming.worker import Worker, run
from shared.database.connections import Database, run_plainly
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.publishing.relay import Relay
from shared.services import stream_of
from shared.settings import Settings

_EFFECT = """
INSERT INTO effects (event_id, subject, sequence) SELECT * FROM unnest($1::uuid[], $2::text[], $3::bigint[])
"""


async def _take_effect(tx: Transaction, events: Sequence[Envelope]) -> None:
    """One statement for what came together, as the services' own copies are kept."""
    columns = ([e.id for e in events], [e.subject for e in events], [e.sequence for e in events])
    await run_plainly(tx, _EFFECT, *columns)


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
