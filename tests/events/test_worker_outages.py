"""A whole worker while servers come and go, and as a process of its own."""

import asyncio
import json
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from luotsi.embedded.servers import Servers
from shared.database.transaction import Transaction
from shared.events import Envelope
from tests.events.backbone import STREAM, Backbone, met, note, until
from tests.events.test_dead_connections import behind
from tests.events.test_worker import done, reading


async def test_a_worker_outlives_a_redis_that_is_killed(backbone: Backbone, servers: Servers, tmp_path: Path) -> None:
    async with backbone.working() as task:
        events = await backbone.tell(2)
        await backbone.publish()
        await until(lambda: done(backbone, 2), "the events before")
        servers.valkey.kill()
        events += await backbone.tell(2)
        servers.valkey.start()
        await asyncio.to_thread(servers.wait_ready)
        await backbone.publish()
        await until(lambda: done(backbone, 4), "the events after")
        assert not task.done()
    assert await backbone.noted() == [event.id for event in events]


async def test_a_worker_that_starts_while_redis_is_away_waits(backbone: Backbone, servers: Servers) -> None:
    [event] = await backbone.tell()
    await backbone.publish()
    servers.valkey.kill()
    async with backbone.working() as task:
        await asyncio.sleep(0.3)
        assert not task.done()
        servers.valkey.start()
        await asyncio.to_thread(servers.wait_ready)
        await until(lambda: done(backbone, 1), "the event")
    assert await backbone.noted() == [event.id]


@pytest.mark.parametrize("fault", ["refusing", "deaf"])
async def test_a_worker_to_whom_redis_is_lost_before_it_reads_waits(
    backbone: Backbone, servers: Servers, fault: str
) -> None:
    """Either new connections are refused, or nothing is heard on them: longer than FastStream waits for a beginning."""
    events = await backbone.tell(2)
    await backbone.publish()
    await backbone.read(count=1)  # so that the worker of this name has something to finish before it reads
    async with behind(servers.redis_urls["referral"]) as (proxy, url):

        async def lose(tx: Transaction, event: Envelope) -> None:
            await note(tx, event)
            if event.id == events[0].id:
                setattr(proxy, fault, True)

        async with backbone.working(lose, redis_url=url) as task:
            await until(lambda: _has_noted(backbone, 1), "what was left unfinished")
            await asyncio.sleep(4)
            assert not task.done()
            proxy.heal()
            await until(lambda: done(backbone, 2), "what is new")
    assert await backbone.noted() == [event.id for event in events]


async def _has_noted(backbone: Backbone, count: int) -> bool:
    return len(await backbone.noted()) >= count


async def test_a_worker_outlives_a_database_that_is_killed(backbone: Backbone, servers: Servers) -> None:
    held, release = asyncio.Event(), asyncio.Event()

    async def slow(tx: Transaction, event: Envelope) -> None:
        if event.sequence == 2:  # in hand while the database dies
            held.set()
            await release.wait()
        await note(tx, event)

    async with backbone.working(slow) as task:
        events = await backbone.tell(2)
        await backbone.publish()
        await until(lambda: done(backbone, 2), "the events before")
        events += await backbone.tell(sequence=2)
        await backbone.publish()
        await met(held, task)
        await backbone.kill_database()
        release.set()
        await asyncio.sleep(0.3)
        assert not task.done()
        servers.postgres.start()
        await asyncio.to_thread(servers.wait_ready)
        await until(lambda: done(backbone, 3), "the event during")
        assert not task.done()
    assert await backbone.noted() == [event.id for event in events]
    assert await backbone.scalar("SELECT count(*) FROM failures") == 0


async def test_a_read_only_redis_is_not_asked_thousands_of_times_a_second(backbone: Backbone) -> None:
    async def refused() -> int:
        found = (await backbone.operator.info("errorstats")).get("errorstat_READONLY", {"count": 0})
        return int(found["count"])

    async with backbone.working() as task:
        await until(lambda: reading(backbone), "the worker to read")
        await backbone.operator.config_resetstat()
        await backbone.operator.execute_command("REPLICAOF", "127.0.0.1", "1")
        try:
            await until(refused, "a refusal")
            asked = await refused()
            await asyncio.sleep(1)
            assert await refused() - asked < 50
            assert not task.done()
        finally:
            await backbone.operator.execute_command("REPLICAOF", "NO", "ONE")
        [event] = await backbone.tell()
        await backbone.publish()
        await until(lambda: done(backbone, 1), "the event after")
    assert await backbone.noted() == [event.id]


async def test_the_heartbeat_beats_only_while_the_servers_answer(
    backbone: Backbone, servers: Servers, tmp_path: Path
) -> None:
    heartbeat = tmp_path / "heartbeat"

    async def beat() -> bool:
        found = heartbeat.exists()
        heartbeat.unlink(missing_ok=True)
        return found

    task = asyncio.create_task(backbone.worker(heartbeat=heartbeat).run())
    try:
        await until(beat, "the first beat")
        await until(beat, "another beat")
        servers.valkey.kill()
        await asyncio.sleep(2.5)  # a look that was under way may still end well
        heartbeat.unlink(missing_ok=True)
        await asyncio.sleep(2.5)
        assert not heartbeat.exists()
        servers.valkey.start()
        await until(beat, "a beat after the outage")
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


PROCESS = """
import sys
from shared.database.connections import Database
from shared.consuming.inbox import Consumer
from shared.settings import Settings
from shared.consuming.worker import Worker, run
settings = Settings()
database = Database(settings.database_url.get_secret_value())
consumer = Consumer("referral", "catalog.events", {})
run("referral", settings, lambda: Worker("referral", settings, database, [consumer]))
"""


def start_process(backbone: Backbone, heartbeat: Path) -> subprocess.Popen[str]:
    """A worker as a process of its own."""
    environment = {
        "DATABASE_URL": backbone.servers.database_urls["referral"],
        "REDIS_URL": backbone.servers.redis_urls["referral"],
        "JWKS": "unused",
        "HEARTBEAT_FILE": str(heartbeat),
        "PATH": "/usr/bin:/bin",
    }
    command = [sys.executable, "-c", PROCESS]
    return subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("trouble", "code"), [("the stream is deleted", 1), ("it is asked to stop", 0)])
async def test_a_worker_process_ends_with_the_right_code(
    backbone: Backbone, tmp_path: Path, trouble: str, code: int
) -> None:
    heartbeat = tmp_path / "heartbeat"
    process = start_process(backbone, heartbeat)
    try:

        async def alive() -> bool:
            assert process.poll() is None, process.stderr and process.stderr.read()
            return heartbeat.exists()

        await until(alive, "the worker's heartbeat")
        if code:
            await backbone.operator.delete(STREAM)
        else:
            process.terminate()
        _, said = await asyncio.to_thread(process.communicate, timeout=60)
    finally:
        process.kill()
    assert process.returncode == code, said
    lines = [json.loads(line) for line in said.splitlines()]
    if code:
        assert any(line["level"] == "CRITICAL" and STREAM in line["message"] for line in lines)
