"""Celery at its best here: late acknowledgement, no results, many commits in flight over a pool of connections."""

import json
import os
import sys
from typing import Any

from celery import Celery
from celery.signals import worker_init
from psycopg_pool import ConnectionPool

app = Celery("tasks", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    worker_prefetch_multiplier=4,
    worker_send_task_events=False,
    broker_connection_retry_on_startup=True,
    worker_hijack_root_logger=False,
)
# One statement: the cheapest form where each task has its own commit.
_ONCE = """
WITH fresh AS (INSERT INTO inbox (event_id, consumer) VALUES (%(id)s, 'celery') ON CONFLICT DO NOTHING RETURNING 1)
INSERT INTO effects (event_id, subject, sequence) SELECT %(id)s, %(subject)s, %(sequence)s FROM fresh
"""


_size = int(os.environ["CONNECTIONS"])
pool = ConnectionPool(
    os.environ["DATABASE_URL"], min_size=_size, max_size=_size, kwargs={"autocommit": True}, open=False
)


@worker_init.connect
def connect(**_: object) -> None:
    """Open the pool of connections, which the threads of a worker share."""
    pool.open(wait=True)


@app.task(name="take_effect")
def take_effect(event: dict[str, Any]) -> None:
    """The committed effect, once."""
    with pool.connection() as connection:
        connection.execute(_ONCE, event, prepare=True)


def send() -> None:
    """Send the events of a file (one JSON document a line) when a line comes on standard input."""
    with open(sys.argv[1], encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    with app.connection_for_write() as connection, app.amqp.Producer(connection) as producer:
        connection.ensure_connection()
        print("ready", flush=True)
        for line in sys.stdin:
            begin, end = map(int, line.split())
            for event in events[begin:end]:
                take_effect.apply_async((event,), producer=producer)
            print("sent", flush=True)


if __name__ == "__main__":
    send()
