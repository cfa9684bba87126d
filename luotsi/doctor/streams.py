"""A look at Redis: is it durable, and does every consumer group read?"""

import time
from typing import Any, Final

from redis.asyncio import Redis

from luotsi.doctor.finding import Finding, age, counted
from luotsi.platform.target import Target
from shared.services import dead_stream, groups_of, streams

_LAG_LIMIT: Final = 1000
_UNREAD_SECONDS: Final = 60.0
_IDLE_SECONDS: Final = 30.0
"""A consumer that lives asks for entries every second or so; only the name is left of one that did not for so long."""


async def redis(target: Target) -> list[Finding]:
    """The server itself, and every group that is declared on its streams."""
    client = Redis.from_url(target.redis_url, decode_responses=True, protocol=2)
    async with client:
        info = await client.info()
        kind = info.get("server_name", "redis")
        version = info.get("valkey_version") or info["redis_version"]
        policy = (await client.config_get("appendfsync"))["appendfsync"]
        durable = bool(info["aof_enabled"]) and policy == "always" and info["aof_last_write_status"] == "ok"
        note = f"{kind} {version}, append-only file {'synced on every write' if durable else 'NOT durable'}"
        advice = "set appendonly yes and appendfsync always, and look for room on its disk"
        groups = [finding for stream in streams() for finding in await _groups(client, stream)]
        return [Finding("redis", durable, note, advice), *groups]


async def _groups(client: Any, stream: str) -> list[Finding]:
    found = await client.xinfo_groups(stream) if await client.exists(stream) else []
    groups = {group["name"]: group for group in found}
    return [await _group(client, stream, name, groups.get(name)) for name in groups_of(stream)]


async def _group(client: Any, stream: str, name: str, group: dict[str, Any] | None) -> Finding:
    piece = f"{stream} → {name}"
    if group is None:
        return Finding(piece, False, "the declared group is missing", f"start {name}-worker, which makes it")
    dead = await client.xlen(dead_stream(stream, name))
    consumers = await client.xinfo_consumers(stream, name)
    living = [consumer for consumer in consumers if consumer["idle"] <= 1000 * _IDLE_SECONDS]
    unread = await _oldest_unread(client, stream, group["last-delivered-id"])
    lag = group["lag"] or 0
    letters, readers = counted(dead, "dead letter", "dead letters"), counted(len(living), "consumer", "consumers")
    note = f"{lag} to read, {group['pending']} in work, {letters}, {readers}"
    if unread is not None:
        note += f", the oldest unread for {age(unread)}"
    if dead:
        advice = "`luotsi events dead list` says why; `luotsi events dead replay` gives them to it once more"
    else:
        advice = f"nobody reads: is {name}-worker running? Its log says what holds it up"
    well = bool(living) and dead == 0 and lag <= _LAG_LIMIT and (unread or 0) <= _UNREAD_SECONDS
    return Finding(piece, well, note, advice)


async def _oldest_unread(client: Any, stream: str, last_read: str) -> float | None:
    """For how many seconds the oldest entry lies there that the group was not given yet; None when there is none."""
    entries = await client.xrange(stream, min=f"({last_read}", count=1)
    return time.time() - int(entries[0][0].partition("-")[0]) / 1000 if entries else None
