"""What monitors ask: alive, ready, and the figures."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import partial
from typing import Any, Generic, Literal, TypeVar

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text

from shared.consuming.hearing import Hearing
from shared.database.connections import Database
from shared.redis import RawRedis
from shared.services import Service

HEALTH_PATHS = frozenset({"/livez", "/readyz", "/metrics"})

_PATIENCE_SECONDS = 2.0
_UNPUBLISHED = text("SELECT count(*) FROM outbox WHERE published_at IS NULL")
_PARKED = text("SELECT count(*) FROM parked")


State = Literal["up", "down"]
Probes = Mapping[str, Callable[[], Awaitable[bool]]]
"""What else a service depends on: the name of each, and what finds out whether it can be had"""
FoundT = TypeVar("FoundT")


class Readiness(BaseModel):
    """`degraded` is ready too: requests succeed, and events wait: own ones in the outbox, others' on their stream.

    Beside the servers, `dependencies` names `keys`, by which access tokens are verified, where the service takes any,
    and each stream that the service reads: `down` is one of which it may have missed more than a minute, since its
    worker is away or behind.
    """

    status: Literal["ready", "degraded", "unready"]
    dependencies: dict[str, State]


class _Shared(Generic[FoundT]):
    """Looks, once for all who ask meanwhile: nobody counts these requests, so many at once must cost as much as one."""

    def __init__(self, look: Callable[[], Coroutine[Any, Any, FoundT]]) -> None:
        self._look = look
        self._looking: asyncio.Task[FoundT] | None = None

    async def __call__(self) -> FoundT:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)


async def _answers(attempt: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(attempt, _PATIENCE_SECONDS)
    except Exception:
        return False
    return True


async def _is_true(attempt: Awaitable[bool]) -> bool:
    """Whether it can be had; an attempt that takes too long goes on by itself, for those who need its outcome."""
    try:
        return await asyncio.wait_for(asyncio.shield(attempt), _PATIENCE_SECONDS)
    except TimeoutError:
        return False


async def _select_one(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


class _Dependencies:
    """What a service depends on: its servers, what else `probes` look at, and that it hears what others tell."""

    def __init__(self, service: Service, database: Database, redis: RawRedis, probes: Probes) -> None:
        self._reads = service.reads
        self._database = database
        self._redis = redis
        self._probes = probes
        self._hearing = Hearing(service, redis)

    async def look(self) -> Readiness:
        """Ask each of them, and wait for none longer than monitors do."""
        postgres, broker, _, *probed = await asyncio.gather(
            _answers(_select_one(self._database)),
            _answers(self._redis.ping()),
            _answers(self._hearing.listen()),
            *(_is_true(probe()) for probe in self._probes.values()),
        )
        servers = {"postgresql": postgres, "redis": broker, **dict(zip(self._probes, probed, strict=True))}
        heard = dict.fromkeys(self._reads, True) | dict.fromkeys(self._hearing.deaf(), False)
        well = servers | heard
        status: Literal["ready", "degraded"] = "ready" if all(well.values()) else "degraded"
        return Readiness(
            status=status if postgres else "unready",
            dependencies={name: "up" if up else "down" for name, up in well.items()},
        )


async def _backlog(service: Service, database: Database) -> str:
    """What waits in the database: events to be published, and those read that wait for another one first."""
    lines = []
    async with database.engine.connect() as connection:
        if service.stream:
            lines.append(
                f'luotsi_outbox_unpublished{{stream="{service.stream}"}} {await connection.scalar(_UNPUBLISHED)}'
            )
        if service.reads:
            lines.append(f'luotsi_parked_events{{service="{service.name}"}} {await connection.scalar(_PARKED)}')
    return "".join(f"{line}\n" for line in lines)


def add_health_routes(app: FastAPI, service: Service, database: Database, redis: RawRedis, probes: Probes) -> None:
    """Add `/livez`, `/readyz` and `/metrics`; other routes find what `/readyz` says in the state's `readiness`."""

    @app.get("/livez", operation_id="checkLiveness", tags=["health"], summary="Is the process alive?")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    readiness = _Shared(_Dependencies(service, database, redis, probes).look)
    app.state.readiness = readiness
    backlog = _Shared(partial(_backlog, service, database))

    @app.get(
        "/readyz",
        operation_id="checkReadiness",
        tags=["health"],
        summary="Can it serve, and which server is away?",
        responses={503: {"model": Readiness, "description": "It can't serve"}},
    )
    async def readyz(response: Response) -> Readiness:
        found = await readiness()
        if found.status == "unready":
            response.status_code = 503
        return found

    @app.get(
        "/metrics",
        operation_id="getMetrics",
        tags=["health"],
        summary="Figures in Prometheus form",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        own = await backlog()
        return Response(generate_latest() + own.encode(), media_type=CONTENT_TYPE_LATEST)
