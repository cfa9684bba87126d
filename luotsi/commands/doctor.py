"""`luotsi doctor`: one look at every piece of a platform."""

import asyncio
from collections.abc import Awaitable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError
from rich.console import Console
from rich.table import Table

from luotsi.platform.probe import readiness
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.services import SERVICES, Service, dead_stream, groups_of, streams

_LAG_LIMIT = 1000
_BACKLOG_LIMIT = 1000
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True)
class Finding:
    """What was found about one piece."""

    piece: str
    well: bool
    note: str


async def examine(target: Target) -> list[Finding]:
    """Look at databases, Redis, streams and every service, all at the same time."""
    looks = [_guarded(f"database {service.name}", _database(target, service)) for service in SERVICES]
    looks += [_guarded("redis", _redis(target))]
    looks += [
        _guarded(f"service {service.name}", _web(target, service.name))
        for service in SERVICES
        if "web" in service.processes
    ]
    return [finding for findings in await asyncio.gather(*looks) for finding in findings]


def show(findings: list[Finding]) -> None:
    """Print the findings as one table."""
    table = Table("", "Piece", "Finding", box=None)
    for finding in findings:
        mark = "[green]ok[/]" if finding.well else "[bold red]!![/]"
        table.add_row(mark, finding.piece, finding.note)
    Console().print(table)


async def _guarded(piece: str, look: Awaitable[list[Finding]]) -> list[Finding]:
    try:
        return await asyncio.wait_for(look, _PATIENCE_SECONDS)
    except TimeoutError:
        return [Finding(piece, False, "does not answer")]
    except (OSError, PlatformError, RedisError, asyncpg.PostgresError) as error:
        return [Finding(piece, False, str(error) or type(error).__name__)]


async def _database(target: Target, service: Service) -> list[Finding]:
    piece, notes, waiting = f"database {service.name}", [], 0
    connection = await asyncpg.connect(target.database_url(service.name), timeout=_PATIENCE_SECONDS)
    try:
        if await connection.fetchval("SELECT to_regclass('alembic_version') IS NULL"):
            return [Finding(piece, False, "is not migrated: run `luotsi migrate`")]
        if service.stream:
            waiting = await connection.fetchval("SELECT count(*) FROM outbox WHERE published_at IS NULL")
            notes.append(f"{waiting} events wait to be published")
        if service.reads:
            parked = await connection.fetchval("SELECT count(*) FROM parked")
            notes.append(f"{parked} are parked")
    finally:
        await connection.close()
    return [Finding(piece, waiting <= _BACKLOG_LIMIT, ", ".join(notes) or "answers")]


async def _redis(target: Target) -> list[Finding]:
    client = Redis.from_url(target.redis_url, decode_responses=True, protocol=2)
    async with client:
        info = await client.info()
        kind = info.get("server_name", "redis")
        version = info.get("valkey_version") or info["redis_version"]
        policy = (await client.config_get("appendfsync"))["appendfsync"]
        durable = bool(info["aof_enabled"]) and policy == "always" and info["aof_last_write_status"] == "ok"
        note = f"{kind} {version}, append-only file {'synced on every write' if durable else 'NOT durable'}"
        groups = [finding for stream in streams() for finding in await _groups(client, stream)]
        return [Finding("redis", durable, note), *groups]


async def _groups(client: Any, stream: str) -> list[Finding]:
    found = await client.xinfo_groups(stream) if await client.exists(stream) else []
    groups = {group["name"]: group for group in found}
    return [await _group(client, stream, name, groups.get(name)) for name in groups_of(stream)]


async def _group(client: Any, stream: str, name: str, group: dict[str, Any] | None) -> Finding:
    piece = f"{stream} → {name}"
    if group is None:
        return Finding(piece, False, "the declared group is missing")
    dead = await client.xlen(dead_stream(stream, name))
    lag = group["lag"] or 0
    note = f"{lag} to read, {group['pending']} in work, {dead} dead letters, {group['consumers']} consumers"
    return Finding(piece, lag <= _LAG_LIMIT and dead == 0 and group["consumers"] > 0, note)


async def _web(target: Target, service: str) -> list[Finding]:
    piece, url = f"service {service}", target.service_url(service)
    if not url:
        return [Finding(piece, False, f"its address is not known: set {service.upper()}_URL")]
    status, answer = await asyncio.to_thread(readiness, url)
    dependencies = ", ".join(f"{name} {state}" for name, state in answer.get("dependencies", {}).items())
    note = f"{answer.get('status', 'does not answer')} at {url}" + (f" ({dependencies})" if dependencies else "")
    return [Finding(piece, status == HTTPStatus.OK and answer.get("status") == "ready", note)]
