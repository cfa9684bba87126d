"""What monitors ask: alive, ready, and the figures."""

import asyncio
from collections.abc import Awaitable
from typing import Literal

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel
from sqlalchemy import text

from shared.database.connections import Database
from shared.redis import RawRedis
from shared.services import STREAMS

_PATIENCE_SECONDS = 2.0
_BACKLOG = text(
    "SELECT (SELECT count(*) FROM outbox WHERE published_at IS NULL) AS unpublished, "
    "(SELECT count(*) FROM parked) AS parked"
)


class Readiness(BaseModel):
    """`degraded` is ready too: requests succeed, and their events wait in the outbox."""

    status: Literal["ready", "degraded", "unready"]
    dependencies: dict[str, Literal["up", "down"]]


async def _answers(attempt: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(attempt, _PATIENCE_SECONDS)
    except Exception:
        return False
    return True


async def _select_one(database: Database) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(text("SELECT 1"))


def add_health_routes(app: FastAPI, service: str, database: Database, redis: RawRedis) -> None:
    """Add `/livez`, `/readyz` and `/metrics`."""

    @app.get("/livez", tags=["health"], summary="Is the process alive?")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get("/readyz", tags=["health"], summary="Can it serve, and which server is away?")
    async def readyz(response: Response) -> Readiness:
        postgres, broker = await asyncio.gather(_answers(_select_one(database)), _answers(redis.ping()))
        status: Literal["ready", "degraded", "unready"] = "ready" if broker else "degraded"
        if not postgres:
            status = "unready"
            response.status_code = 503
        states: dict[str, Literal["up", "down"]] = {
            "postgresql": "up" if postgres else "down",
            "redis": "up" if broker else "down",
        }
        return Readiness(status=status, dependencies=states)

    @app.get("/metrics", tags=["health"], summary="Figures in Prometheus form", response_class=Response)
    async def metrics() -> Response:
        async with database.engine.connect() as connection:
            backlog = (await connection.execute(_BACKLOG)).one()
        own = (
            f'luotsi_outbox_unpublished{{stream="{STREAMS[service]}"}} {backlog.unpublished}\n'
            f'luotsi_parked_events{{service="{service}"}} {backlog.parked}\n'
        )
        return Response(generate_latest() + own.encode(), media_type=CONTENT_TYPE_LATEST)
