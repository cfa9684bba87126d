"""A look at Redis: is it durable, and does every consumer group read?"""

from redis.asyncio import Redis

from luotsi.doctor.finding import Finding, age, counted
from luotsi.platform.target import Target
from shared.consuming.backlog import GroupBacklog, group_backlog
from shared.redis import connect
from shared.services import groups_of, streams


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
    return [Finding("redis", durable, note, advice), *await _groups(target)]


async def _groups(target: Target) -> list[Finding]:
    client = connect(target.redis_url)
    try:
        return [
            _finding(await group_backlog(client, stream, group)) for stream in streams() for group in groups_of(stream)
        ]
    finally:
        await client.aclose()


def _finding(found: GroupBacklog) -> Finding:
    piece = f"{found.stream} → {found.group}"
    if found.missing:
        return Finding(piece, False, "the declared group is missing", f"start {found.group}-worker, which makes it")
    letters = counted(found.dead_letters, "dead letter", "dead letters")
    readers = counted(found.consumers, "consumer", "consumers")
    note = f"{found.lag} to read, {found.pending} in work, {letters}, {readers}"
    if found.oldest_unread_seconds is not None:
        note += f", the oldest unread for {age(found.oldest_unread_seconds)}"
    if found.dead_letters:
        advice = "`luotsi events dead list` says why; `luotsi events dead replay` gives them to it once more"
    else:
        advice = f"nobody reads: is {found.group}-worker running? Its log says what holds it up"
    return Finding(piece, found.well, note, advice)
