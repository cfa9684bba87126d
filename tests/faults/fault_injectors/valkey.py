"""Faults of the stream server: killed, emptied, cut short, read-only, out of memory."""

import asyncio
import contextlib
import random
import shutil
import signal
from pathlib import Path

from redis.exceptions import RedisError

from shared.services import groups_of, streams
from tests.faults.fault_injectors.entries import before_wiping
from tests.faults.lab import Lab


async def kill_valkey(lab: Lab, lot: random.Random) -> None:
    """`kill -9`; it comes back with its file."""
    lab.hands.signal("valkey", signal.SIGKILL)
    await lab.settled_servers()


async def restart_valkey(lab: Lab, lot: random.Random) -> None:
    """An orderly restart."""
    lab.hands.signal("valkey", signal.SIGTERM)
    await asyncio.sleep(0.5)
    await lab.settled_servers()


async def flush_valkey(lab: Lab, lot: random.Random) -> None:
    """FLUSHALL: streams, groups and dead letters are gone."""
    await before_wiping(lab)
    await lab.redis.flushall()


async def destroy_group(lab: Lab, lot: random.Random) -> None:
    """A consumer group is gone, with its position and what was pending."""
    there = [(stream, group) for stream in sorted(streams()) for group in groups_of(stream)]
    lot.shuffle(there)
    for stream, group in there:
        with contextlib.suppress(RedisError):  # no such stream: an earlier fault has taken it
            if await lab.redis.xgroup_destroy(stream, group):
                return
    raise LookupError("there is no group yet")


async def delete_stream(lab: Lab, lot: random.Random) -> None:
    """One whole stream is gone."""
    await lab.redis.delete(lot.choice(sorted(streams())))


async def turn_read_only(lab: Lab, lot: random.Random) -> None:
    """It becomes the replica of a server that does not exist, as after a failover gone wrong."""
    await lab.redis.execute_command("REPLICAOF", "127.0.0.1", "1")
    try:
        await asyncio.sleep(4)
    finally:
        await lab.redis.execute_command("REPLICAOF", "NO", "ONE")


async def demand_replicas(lab: Lab, lot: random.Random) -> None:
    """It refuses writes, for it wants a replica that is not there."""
    await lab.redis.config_set("min-replicas-to-write", 1)
    try:
        await asyncio.sleep(4)
    finally:
        await lab.redis.config_set("min-replicas-to-write", 0)


async def run_out_of_memory(lab: Lab, lot: random.Random) -> None:
    """No memory for another entry; reading goes on."""
    await lab.redis.config_set("maxmemory", "1mb")
    try:
        await asyncio.sleep(4)
    finally:
        await lab.redis.config_set("maxmemory", 0)


async def cut_file(lab: Lab, lot: random.Random) -> None:
    """While it is down, its append-only file loses its end: acknowledged entries are gone, and it says nothing."""
    await before_wiping(lab)
    share = lot.uniform(0.05, 0.6)
    lab.hands.before_start["valkey"] = lambda: _cut(lab.data.valkey, share)
    lab.hands.signal("valkey", signal.SIGKILL)
    await asyncio.sleep(0.3)
    await lab.settled_servers()


async def replace_by_empty(lab: Lab, lot: random.Random) -> None:
    """While it is down its files go, and an empty server comes up in its place."""
    await before_wiping(lab)
    lab.hands.before_start["valkey"] = lambda: shutil.rmtree(lab.data.valkey / "appendonlydir")
    lab.hands.signal("valkey", signal.SIGKILL)
    await asyncio.sleep(0.3)
    await lab.settled_servers()


def _cut(folder: Path, share: float) -> None:
    for file in (folder / "appendonlydir").glob("*.incr.aof"):
        with file.open("r+b") as log:
            log.truncate(int(file.stat().st_size * (1 - share)))


async def stall_valkey(lab: Lab, lot: random.Random) -> None:
    """It keeps its connections and answers nothing for a while."""
    lab.hands.signal("valkey", signal.SIGSTOP)
    await asyncio.sleep(5)
    lab.hands.signal("valkey", signal.SIGCONT)
    with contextlib.suppress(RedisError):
        await lab.redis.ping()
