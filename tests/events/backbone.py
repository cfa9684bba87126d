"""One publishing and one consuming service on the real servers, with an effect that shows when it happens twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
from prometheus_client import REGISTRY
from redis.exceptions import ResponseError
from sqlalchemy import text

from luotsi.embedded.servers import Servers
from shared.consuming.inbox import Consumer, Handler
from shared.consuming.stream_reader import Entry, StreamReader, ensure_group
from shared.consuming.worker import Worker
from shared.database.connections import Database
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import OrganizationState
from shared.ids import new_id
from shared.publishing.outbox import Outbox
from shared.publishing.relay import Relay
from shared.redis import RawRedis, connect
from shared.settings import Settings
from tests.builders import names
from tests.emptying import delete_all

STREAM = "catalog.events"
GROUP = "referral"
TYPE = "catalog.organization_changed.v1"
PATIENCE = 60.0

_NOTE = text("INSERT INTO trial.ledger (event_id, subject, sequence) VALUES (:event_id, :subject, :sequence)")


class Trouble(Exception):
    """What a handler of these tests raises when it is told to fail."""


async def note(tx: Transaction, event: Envelope) -> None:
    """The usual handler: its effect is a row for every time it is called."""
    values = {"event_id": event.id, "subject": event.subject, "sequence": event.sequence}
    await tx.execute(_NOTE, values)


def failing_on(bad: Callable[[Envelope], bool], error: type[Exception] = Trouble) -> Handler:
    """A handler that notes and then fails where `bad` says so."""

    async def handler(tx: Transaction, event: Envelope) -> None:
        await note(tx, event)
        if bad(event):
            raise error("a handler's own fault")

    return handler


async def until(look: Callable[[], Awaitable[Any]], what: str) -> Any:
    """What `look` answers as soon as that is true."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + PATIENCE
    while not (answer := await look()):
        assert loop.time() < deadline, f"in vain waited for: {what}"
        await asyncio.sleep(0.02)
    return answer


async def met(moment: asyncio.Event, worker: "asyncio.Task[None]") -> None:
    """Wait for a moment in a worker's handler; a worker that ends before it has failed, with its own error."""
    waiting = asyncio.ensure_future(moment.wait())
    await asyncio.wait({waiting, worker}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if worker.done() and not moment.is_set():
        worker.result()
    assert moment.is_set(), "in vain waited for the handler"


def counted(metric: str, **labels: str) -> float:
    """The present value of a counter or gauge of this process."""
    return REGISTRY.get_sample_value(metric, labels) or 0.0


class Backbone:
    """The catalogue publishes, the referral service consumes; each as its own Redis user and database role."""

    def __init__(self, servers: Servers) -> None:
        self.servers = servers
        self.publisher = Database(servers.database_urls["catalog"])
        self.consuming = Database(servers.database_urls["referral"])
        self.owners = [Database(servers.owner_urls[service], pool_size=1) for service in ("catalog", "referral")]
        self.operator: RawRedis = connect(servers.redis_urls["operator"])
        self.producer: RawRedis = connect(servers.redis_urls["catalog"])
        self.consumer: RawRedis = connect(servers.redis_urls["referral"])
        self.outbox = Outbox("catalog")
        self.relay = self.new_relay("relay-1")

    def new_relay(self, holder: str, batch: int = 100) -> Relay:
        """A relay of the publishing service."""
        return Relay(self.publisher, self.producer, STREAM, holder, batch)

    def reader(self, handler: Handler = note, max_failures: int = 3, **others: Handler) -> StreamReader:
        """What the consuming service does with the stream."""
        consumer = Consumer(GROUP, STREAM, {TYPE: handler, **others})
        return StreamReader(self.consuming, self.consumer, consumer, max_failures)

    async def tell(self, count: int = 1, *, subject: UUID | None = None, sequence: int = 1) -> list[Envelope]:
        """Record events in one transaction; those of one `subject` count its sequence up."""
        async with self.publisher.transaction() as tx:
            return [
                self.record(tx, subject=subject, sequence=sequence + (number if subject else 0))
                for number in range(count)
            ]

    def record(self, tx: Transaction, *, subject: UUID | None = None, sequence: int = 1) -> Envelope:
        """Record one event in a tx."""
        state = OrganizationState(id=subject or new_id(), slug="kuopio", name=names("kuopio"), active=True)
        return self.outbox.record(tx, TYPE, state.id, sequence, state)

    async def publish(self, relay: Relay | None = None) -> None:
        """Bring all that lies in the outbox onto the stream."""
        while await (relay or self.relay).step():
            pass

    async def read(self, name: str = "worker-1", count: int = 100) -> list[Entry]:
        """New entries, delivered to the consumer `name`."""
        await ensure_group(self.consumer, STREAM, GROUP)
        answer = await self.consumer.xreadgroup(GROUP, name, {STREAM: ">"}, count=count)
        return [(entry_id.decode(), fields) for _, found in answer for entry_id, fields in found]

    async def add_raw(self, fields: Mapping[bytes, bytes]) -> str:
        """Put an entry onto the stream that no outbox knows."""
        return str((await self.operator.xadd(STREAM, dict(fields))).decode())

    async def noted(self) -> list[UUID]:
        """The events whose effect was committed, in that order; twice where it happened twice."""
        async with self.consuming.transaction() as tx:
            return list((await tx.execute(text("SELECT event_id FROM trial.ledger ORDER BY id"))).scalars())

    async def pending(self) -> list[str]:
        """Entries delivered and not acknowledged."""
        try:
            found = await self.operator.xpending_range(STREAM, GROUP, "-", "+", 1000)
        except ResponseError:  # nobody has read yet
            return []
        return [entry["message_id"].decode() for entry in found]

    async def scalar(self, query: str, database: Database | None = None) -> Any:
        """The one value of a query, on the consuming database unless another is named."""
        async with (database or self.consuming).transaction() as tx:
            return (await tx.execute(text(query))).scalar_one()

    def settings(self, name: str, heartbeat: Path | None = None, redis_url: str | None = None) -> Settings:
        """Settings of a worker of the consuming service."""
        return Settings(
            database_url=self.servers.database_urls["referral"],
            redis_url=redis_url or self.servers.redis_urls["referral"],
            jwks="unused",
            worker_name=name,
            heartbeat_file=heartbeat,
        )

    def worker(
        self,
        handler: Handler = note,
        name: str = "worker-1",
        heartbeat: Path | None = None,
        redis_url: str | None = None,
        rest: float = 0.0,
    ) -> Worker:
        """A whole worker of the consuming service; it closes its own connections when it ends."""
        consumer = Consumer(GROUP, STREAM, {TYPE: handler}, rest)
        database = Database(self.servers.database_urls["referral"])
        return Worker("referral", self.settings(name, heartbeat, redis_url), database, [consumer])

    @asynccontextmanager
    async def working(
        self, handler: Handler = note, name: str = "worker-1", redis_url: str | None = None, rest: float = 0.0
    ) -> AsyncIterator["asyncio.Task[None]"]:
        """A worker that runs while the block does."""
        task = asyncio.create_task(self.worker(handler, name, redis_url=redis_url, rest=rest).run())
        try:
            yield task
        finally:
            if not task.done():
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    async def kill_database(self) -> None:
        """`kill -9` for PostgreSQL; what was committed is on disk before (the tests' server does not wait for it)."""
        admin = await asyncpg.connect(self.servers.postgres_admin_url)
        await admin.execute("CHECKPOINT")
        await admin.close()
        self.servers.postgres.kill()

    async def empty(self) -> None:
        """Remove all that a test left behind."""
        await self.operator.flushall()
        for database in self.owners:
            async with database.transaction() as tx:
                await delete_all(tx)
        async with self.owners[1].transaction() as tx:
            await tx.execute(text("CREATE SCHEMA IF NOT EXISTS trial"))
            await tx.execute(
                text(
                    "CREATE TABLE IF NOT EXISTS trial.ledger "
                    "(id bigint GENERATED ALWAYS AS IDENTITY, event_id uuid, subject text, sequence bigint)"
                )
            )
            await delete_all(tx, "trial")
            await tx.execute(text("GRANT USAGE ON SCHEMA trial TO referral"))
            await tx.execute(text("GRANT ALL ON trial.ledger TO referral"))

    async def close(self) -> None:
        """Take away the ledger, and close every connection."""
        async with self.owners[1].transaction() as tx:
            await tx.execute(text("DROP SCHEMA IF EXISTS trial CASCADE"))
        for redis in (self.operator, self.producer, self.consumer):
            await redis.aclose()
        for database in (self.publisher, self.consuming, *self.owners):
            await database.close()
