"""A server that is away is waited for: nothing is lost, nothing is counted as anyone's failure."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import asyncpg
import pytest
from sqlalchemy import text

from luotsi.embedded.servers import Servers
from shared.consuming import dead_letters
from shared.database.outages import is_outage
from shared.database.transaction import Transaction
from shared.events import Envelope
from tests.events.backbone import GROUP, STREAM, Backbone, note, until

Break = Callable[[], Awaitable[None]]


def twice(fault: Callable[[Transaction], Awaitable[None]]) -> Callable[[Transaction, Envelope], Awaitable[None]]:
    """A handler that notes, and on its first two calls lets something happen to its server.

    Twice: a batch that fails is tried again entry by entry, and only what fails there would be counted.
    """
    left = [fault, fault]

    async def handler(tx: Transaction, event: Envelope) -> None:
        await note(tx, event)
        if left:
            await left.pop()(tx)
        await tx.execute(text("SELECT 1"))

    return handler


async def blameless(backbone: Backbone) -> bool:
    """Whether no failure was counted and nothing set aside."""
    counted = await backbone.scalar("SELECT count(*) FROM failures")
    return counted == 0 and await dead_letters.read(backbone.operator, STREAM, GROUP) == []


async def test_a_connection_ended_inside_a_handler_is_no_failure_of_it(backbone: Backbone) -> None:
    async def end_connection(tx: Transaction) -> None:
        pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
        admin = await asyncpg.connect(backbone.servers.postgres_admin_url)
        await admin.execute("SELECT pg_terminate_backend($1)", pid)
        await admin.close()

    events = await backbone.tell(3)
    await backbone.publish()
    await backbone.reader(twice(end_connection), max_failures=1).take_batch(await backbone.read())
    assert await backbone.noted() == [event.id for event in events]
    assert await blameless(backbone)


async def test_a_database_that_only_reads_is_no_failure_of_the_handler(backbone: Backbone) -> None:
    """As right after a failover, when the connection leads to a server that may not write."""
    refused = 0

    async def become_read_only(tx: Transaction) -> None:
        nonlocal refused
        refused += 1
        await tx.execute(text("SET LOCAL transaction_read_only = on"))
        await tx.execute(text("DELETE FROM trial.ledger"))

    events = await backbone.tell(2)
    await backbone.publish()
    await backbone.reader(twice(become_read_only), max_failures=1).take_batch(await backbone.read())
    assert refused == 2
    assert await backbone.noted() == [event.id for event in events]
    assert await blameless(backbone)


async def test_a_deadlock_is_no_failure_of_the_handler(backbone: Backbone) -> None:
    """Two batches that touch the same rows the other way round: one gives way, and comes again."""
    both = asyncio.Barrier(2)
    crossed = {"forwards": False, "backwards": False}

    def crossing(way: str, first: int, second: int) -> Callable[[Transaction, Envelope], Awaitable[None]]:
        async def handler(tx: Transaction, event: Envelope) -> None:
            await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": first})
            if not crossed[way]:
                crossed[way] = True
                await both.wait()
            await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": second})
            await note(tx, event)

        return handler

    events = await backbone.tell(2)
    await backbone.publish()
    entries = await backbone.read()
    await asyncio.gather(
        backbone.reader(crossing("forwards", 1, 2), max_failures=1).take_one(entries[0]),
        backbone.reader(crossing("backwards", 2, 1), max_failures=1).take_one(entries[1]),
    )
    assert sorted(await backbone.noted()) == sorted(event.id for event in events)
    assert await blameless(backbone)


async def test_an_outage_while_a_failure_is_noted_leaves_no_neighbour_behind(backbone: Backbone) -> None:
    """The entries after the failing one are handled too, once the database is back."""
    events = await backbone.tell(3)
    await backbone.publish()
    reader = backbone.reader(failing_then_cutting(backbone, events[0]), max_failures=9)
    entries = await backbone.read()
    await reader.take_batch(entries)
    assert await backbone.noted() == [event.id for event in events[1:]]
    assert await backbone.pending() == [entries[0][0]]


def failing_then_cutting(backbone: Backbone, bad: Envelope) -> Callable[[Transaction, Envelope], Awaitable[None]]:
    """A handler that fails on `bad`; meanwhile, once, the table in which failures are noted is out of reach."""
    calls = 0

    async def lock_failures() -> None:
        holder = await asyncpg.connect(backbone.servers.database_urls["referral"])
        onlooker = await asyncpg.connect(backbone.servers.database_urls["referral"])
        async with holder.transaction():
            await holder.execute("LOCK failures")
            while not await onlooker.fetchval(
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE relation = 'failures'::regclass AND NOT granted"
            ):
                await asyncio.sleep(0.02)
        await holder.close()
        await onlooker.close()

    async def handler(tx: Transaction, event: Envelope) -> None:
        nonlocal calls
        if event.id == bad.id:
            calls += 1
            if calls == 2:  # the batch failed, now it is tried alone
                cutting.append(asyncio.create_task(lock_failures()))
                await asyncio.sleep(0.2)
            raise RuntimeError
        await note(tx, event)

    cutting: list[asyncio.Task[None]] = []
    return handler


async def test_a_database_that_is_killed_comes_back_and_all_goes_on(backbone: Backbone, servers: Servers) -> None:
    events = await backbone.tell(2)
    await backbone.publish()
    entries = await backbone.read()
    await backbone.kill_database()
    taking = asyncio.create_task(backbone.reader(max_failures=1).take_batch(entries))
    relaying = asyncio.create_task(backbone.relay.run())
    await asyncio.sleep(0.3)
    servers.postgres.start()
    await taking
    more = await backbone.tell(2)
    await until(lambda: on_stream(backbone, 4), "the relay to go on")
    relaying.cancel()
    with suppress(asyncio.CancelledError):
        await relaying
    await backbone.reader().take_batch(await backbone.read())
    assert await backbone.noted() == [event.id for event in events + more]
    assert await blameless(backbone)


async def on_stream(backbone: Backbone, count: int) -> bool:
    return int(await backbone.operator.xlen(STREAM)) >= count


async def test_what_a_database_says_while_it_starts_or_ends_is_an_outage(servers: Servers) -> None:
    """These come from the driver itself, before there is a connection."""
    for error in (
        asyncpg.CannotConnectNowError("starting up"),
        asyncpg.TooManyConnectionsError("full"),
        asyncpg.AdminShutdownError("ending"),
        asyncpg.ConnectionDoesNotExistError("gone"),
        ConnectionRefusedError(),
        TimeoutError(),
    ):
        assert is_outage(error), error
    assert not is_outage(asyncpg.UniqueViolationError("twice"))
    assert not is_outage(ValueError())


async def test_events_committed_while_redis_is_away_go_out_when_it_returns(
    backbone: Backbone, servers: Servers
) -> None:
    relaying = asyncio.create_task(backbone.relay.run())
    [first] = await backbone.tell()
    await until(lambda: on_stream(backbone, 1), "the first event")
    servers.valkey.kill()
    held = await backbone.tell(5)  # the change is committed all the same
    assert not relaying.done()
    servers.valkey.start()
    await asyncio.to_thread(servers.wait_ready)
    await until(lambda: on_stream(backbone, 6), "what the outbox held")
    relaying.cancel()
    with suppress(asyncio.CancelledError):
        await relaying
    await backbone.reader().take_batch(await backbone.read())
    assert await backbone.noted() == [first.id, *[event.id for event in held]]


async def test_redis_killed_between_commit_and_acknowledgement_doubles_nothing(
    backbone: Backbone, servers: Servers
) -> None:
    [event] = await backbone.tell()
    await backbone.publish()
    entries = await backbone.read()

    async def kill_redis(tx: Transaction, event: Envelope) -> None:
        await note(tx, event)
        servers.valkey.kill()

    taking = asyncio.create_task(backbone.reader(kill_redis, max_failures=1).take_batch(entries))
    await until(lambda: backbone.scalar("SELECT count(*) FROM inbox"), "the commit")
    servers.valkey.start()
    await taking
    assert await backbone.noted() == [event.id]
    assert await backbone.pending() == []
    assert await blameless(backbone)


@pytest.mark.parametrize(
    ("refuse", "allow"),
    [
        (("CONFIG", "SET", "maxmemory", "1"), ("CONFIG", "SET", "maxmemory", "0")),
        (("CONFIG", "SET", "min-replicas-to-write", "1"), ("CONFIG", "SET", "min-replicas-to-write", "0")),
        (("REPLICAOF", "127.0.0.1", "1"), ("REPLICAOF", "NO", "ONE")),
    ],
    ids=["out of memory", "too few replicas", "read-only replica"],
)
async def test_a_redis_that_refuses_writes_is_waited_for(
    backbone: Backbone, refuse: tuple[str, ...], allow: tuple[str, ...]
) -> None:
    [first] = await backbone.tell()
    await backbone.publish()
    entries = await backbone.read()
    poison = await backbone.add_raw({b"__data__": b"{"})
    entries += await backbone.read()
    await backbone.operator.execute_command(*refuse)
    try:
        held = await backbone.tell(2)
        relaying = asyncio.create_task(backbone.relay.run())
        taking = asyncio.create_task(backbone.reader().take_batch(entries))
        await until(lambda: _count(backbone, 1), "the effect, which needs no write to Redis")
        await asyncio.sleep(0.2)
        assert not relaying.done()
        assert not taking.done()
    finally:
        await backbone.operator.execute_command(*allow)
    await taking
    await until(lambda: on_stream(backbone, 4), "what the outbox held")
    relaying.cancel()
    with suppress(asyncio.CancelledError):
        await relaying
    await backbone.reader().take_batch(await backbone.read())
    assert await backbone.noted() == [first.id, *[event.id for event in held]]
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert letter.entry == poison
    assert await backbone.scalar("SELECT count(*) FROM failures") == 0


async def _count(backbone: Backbone, count: int) -> bool:
    return len(await backbone.noted()) == count
