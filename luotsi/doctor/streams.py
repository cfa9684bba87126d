"""A look at Redis: is it durable, and does every consumer group read?"""

from redis.exceptions import ResponseError

from luotsi.doctor.finding import Finding, age, counted
from luotsi.platform.target import Target
from shared.consuming.backlog import GroupBacklog, group_backlog
from shared.redis import RawRedis, connect
from shared.services import groups_of, streams


async def redis(target: Target) -> list[Finding]:
    """The server itself, and every group that is declared on its streams."""
    client = connect(target.redis_url, decode_responses=True)
    async with client:
        info = await client.info()
        policy = await _sync_policy(client)
    kind = info.get("server_name", "redis")
    version = info.get("valkey_version") or info["redis_version"]
    synced = bool(info["aof_enabled"]) and policy == "always" and info["aof_last_write_status"] == "ok"
    replicas, eviction = info["connected_slaves"], info["maxmemory_policy"]
    note = f"{kind} {version}, append-only file {_said(synced=synced, replicas=replicas)}"
    well, advice = synced or replicas > 0, "set appendonly yes and appendfsync always, and look for room on its disk"
    if eviction != "noeviction":
        well, advice = False, "set noeviction: events must not be thrown away"
        note += f", maxmemory-policy {eviction}"
    return [Finding("redis", well, note, advice), *await _groups(target)]


def _said(*, synced: bool, replicas: int) -> str:
    if not replicas:
        return "synced on every write" if synced else "NOT durable"
    return f"{'' if synced else 'not '}synced on every write, {counted(replicas, 'replica', 'replicas')}"


async def _sync_policy(client: RawRedis) -> str:
    """When the server writes to its disk; empty where whoever runs it lets nobody see that."""
    try:
        return str((await client.config_get("appendfsync"))["appendfsync"])
    except ResponseError:
        return ""


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
