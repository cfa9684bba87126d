"""What monitors ask: alive, ready, and the figures."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from typing import Literal

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


_State = Literal["up", "down"]


class Readiness(BaseModel):
    """`degraded` is ready too: requests succeed, and events wait: own ones in the outbox, others' on their stream.

    Beside the servers, `dependencies` names each stream that the service reads: `down` is one of which it may have
    missed more than a minute, since its worker is away or behind.
    """

    status: Literal["ready", "degraded", "unready"]
    dependencies: dict[str, _State]


async def _answers(attempt: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(attempt, _PATIENCE_SECONDS)
    except Exception:
        return False
    return True


async def _select_one(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


async def _backlog(service: Service, database: Database) -> AsyncIterator[str]:
    """What waits in the database: events to be published, and those read that wait for another one first."""
    async with database.engine.connect() as connection:
        if service.stream:
            yield f'luotsi_outbox_unpublished{{stream="{service.stream}"}} {await connection.scalar(_UNPUBLISHED)}\n'
        if service.reads:
            yield f'luotsi_parked_events{{service="{service.name}"}} {await connection.scalar(_PARKED)}\n'


def add_health_routes(app: FastAPI, service: Service, database: Database, redis: RawRedis) -> None:
    """Add `/livez`, `/readyz` and `/metrics`."""

    @app.get("/livez", operation_id="checkLiveness", tags=["health"], summary="Is the process alive?")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    hearing = Hearing(service, redis)

    @app.get(
        "/readyz",
        operation_id="checkReadiness",
        tags=["health"],
        summary="Can it serve, and which server is away?",
        responses={503: {"model": Readiness, "description": "It can't serve"}},
    )
    async def readyz(response: Response) -> Readiness:
        postgres, broker, _ = await asyncio.gather(
            _answers(_select_one(database)), _answers(redis.ping()), _answers(hearing.listen())
        )
        down = hearing.deaf() | ({"postgresql"} if not postgres else set()) | ({"redis"} if not broker else set())
        if not postgres:
            response.status_code = 503
        status: Literal["ready", "degraded", "unready"] = "degraded" if down else "ready"
        return Readiness(
            status=status if postgres else "unready",
            dependencies={name: "down" if name in down else "up" for name in ("postgresql", "redis", *service.reads)},
        )

    @app.get(
        "/metrics",
        operation_id="getMetrics",
        tags=["health"],
        summary="Figures in Prometheus form",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def metrics() -> Response:
        own = "".join([line async for line in _backlog(service, database)])
        return Response(generate_latest() + own.encode(), media_type=CONTENT_TYPE_LATEST)
