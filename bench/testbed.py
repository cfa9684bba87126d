"""The testbed that every contender runs on: one PostgreSQL, one Valkey, the backbone's tables, the same events."""

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
from sqlalchemy import text

from luotsi.embedded.servers import start_servers
from shared.database.connections import Database
from shared.database.migrations import upgrade
from shared.events.catalog import ServiceState
from shared.events.envelope import Names
from shared.ids import new_id
from shared.publishing.outbox import Outbox
from shared.redis import connect

PRODUCER, CONSUMER, STREAM = "catalog", "referral", "catalog.events"
EVENT_TYPE = "catalog.service_changed.v1"
EFFECT = "INSERT INTO effects (event_id, subject, sequence) VALUES ($1, $2, $3)"
_EFFECTS = (
    "CREATE TABLE effects (n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, "
    "event_id uuid NOT NULL, subject text NOT NULL, sequence bigint NOT NULL)",
    "GRANT ALL ON effects TO referral",
)
_POLL_SECONDS = 0.005

Event = tuple[Any, str, str, str]
"""event id, type, subject, payload: what an outbox row holds before it is written."""


class Stuck(Exception):
    """A contender did not bring all effects about in time."""


class Testbed:
    """Databases of producer and consumer, emptied before each run, and the look at what was committed."""

    def __init__(self, servers: Any) -> None:
        self.producer_url: str = servers.database_urls[PRODUCER]
        self.consumer_url: str = servers.database_urls[CONSUMER]
        self.owner_urls: dict[str, str] = servers.owner_urls
        self.redis_urls: dict[str, str] = servers.redis_urls
        self.redis_url: str = servers.redis_urls["operator"]

    async def open(self) -> None:
        """Connect."""
        self.producer = await asyncpg.connect(self.producer_url)
        self.consumer = await asyncpg.connect(self.consumer_url)
        self.redis = connect(self.redis_url)

    async def close(self) -> None:
        """Disconnect."""
        await self.producer.close()
        await self.consumer.close()
        await self.redis.aclose()

    async def empty(self) -> None:
        """Nothing in outbox, inbox, effects and streams."""
        await self.redis.flushall()
        await _as_owner(self.owner_urls[PRODUCER], "TRUNCATE outbox, leases RESTART IDENTITY")
        await _as_owner(self.owner_urls[CONSUMER], "TRUNCATE inbox, parked, failures, leases, effects RESTART IDENTITY")

    async def record(self, events: list[Event]) -> None:
        """Commit the events' outbox rows in one transaction, which wakes the relay."""
        columns = ["event_id", "type", "subject", "payload"]
        await self.producer.copy_records_to_table("outbox", records=events, columns=columns)

    async def effects(self, expected: int, patience: float = 60.0) -> float:
        """Wait for that many committed effects; returns the moment when they were there. Raises Stuck."""
        deadline = time.monotonic() + patience
        while True:
            found = await self.consumer.fetchval("SELECT count(*) FROM effects")
            now = time.monotonic()
            if found >= expected:
                return now
            if now > deadline:
                raise Stuck(f"{found} of {expected} effects after {patience:.0f} s")
            await asyncio.sleep(_POLL_SECONDS)

    async def check(self, expected: int) -> None:
        """Every effect once, none missing. Raises Stuck."""
        found = await self.consumer.fetchrow("SELECT count(*) AS all, count(DISTINCT event_id) AS once FROM effects")
        if (found["all"], found["once"]) != (expected, expected):
            raise Stuck(f"{found['all']} effects of {found['once']} events, {expected} expected")


@contextmanager
def prepared(folder: Path) -> Iterator[Testbed]:
    """Both servers, durable (fsync, `appendfsync always`), with migrated databases. Their files lie in `folder`."""
    with start_servers(folder, durable=True) as servers:
        for service in (PRODUCER, CONSUMER):
            upgrade(service, servers.owner_urls[service])
        asyncio.run(_as_owner(servers.owner_urls[CONSUMER], "DROP TABLE IF EXISTS effects", *_EFFECTS))
        yield Testbed(servers)


async def _as_owner(url: str, *statements: str) -> None:
    """What only the role that owns a database may do."""
    connection = await asyncpg.connect(url)
    for statement in statements:
        await connection.execute(statement)
    await connection.close()


async def make_events(testbed: Testbed, count: int) -> list[Event]:
    """Real events of the contract, about 900 bytes each, as the catalogue's outbox records them."""
    database = Database(testbed.producer_url)
    outbox = Outbox(PRODUCER)
    await testbed.empty()
    for begin in range(0, count, 500):
        async with database.transaction() as tx:
            for _ in range(begin, min(begin + 500, count)):
                state = _service()
                outbox.record(tx, EVENT_TYPE, state.id, 1, state)
    async with database.transaction() as tx:
        rows = (await tx.execute(text("SELECT event_id, type, subject, payload FROM outbox ORDER BY id"))).all()
    await database.close()
    await testbed.empty()
    return [tuple(row) for row in rows]


def _service() -> ServiceState:
    name = Names(fi="Neuvontaa yritystä aloittavalle", sv="Rådgivning för nya företagare", en="Advice for founders")
    return ServiceState(id=new_id(), slug="advice-for-founders", organization_id=new_id(), name=name, status="active")


def as_tasks(events: list[Event]) -> str:
    """The payloads, one JSON document a line, for contenders that send tasks."""
    return "".join(json.dumps(json.loads(payload)) + "\n" for *_, payload in events)
