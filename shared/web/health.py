"""What monitors ask: alive, ready, and the figures."""

from collections.abc import Sequence
from typing import Literal

from fastapi import FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import BaseModel, Field

from shared.consuming.service_watch import Observed, Probes, ServiceWatch, Shared
from shared.database.connections import Database
from shared.figures import Look, as_prometheus
from shared.redis import RawRedis
from shared.services import Service
from shared.version import VERSION
from shared.web.draining import is_draining

HEALTH_PATHS = frozenset({"/livez", "/readyz", "/metrics"})

State = Literal["up", "down"]


class Readiness(BaseModel):
    """`degraded` is ready too: requests succeed, and events wait: own ones in the outbox, others' on their stream.

    Beside the servers, `dependencies` names `keys`, by which access tokens are verified, where the service takes any,
    and each stream that the service reads: `down` is one of which it may have missed more than a minute, since its
    worker is away or behind.
    """

    status: Literal["ready", "degraded", "unready"]
    dependencies: dict[str, State]
    late: list[str] = Field(
        description="Work that has waited for too long; for how long, `/metrics` says, and `luotsi doctor` what to do",
        examples=[["outbox", "mail"]],
    )


def as_readiness(found: Observed) -> Readiness:
    """What was observed, as monitors are told of it."""
    well = all(found.dependencies.values()) and not found.late
    status: Literal["ready", "degraded"] = "ready" if well else "degraded"
    return Readiness(
        status=status if found.dependencies["postgresql"] else "unready",
        dependencies={name: "up" if up else "down" for name, up in found.dependencies.items()},
        late=list(found.late),
    )


def add_health_routes(
    app: FastAPI, service: Service, database: Database, redis: RawRedis, looks: Sequence[Look], probes: Probes
) -> None:
    """Add `/livez`, `/readyz` and `/metrics`; other routes find what `/readyz` says in the state's `readiness`."""

    @app.get(
        "/livez", operation_id="checkLiveness", tags=["health"], summary="Is the process alive, and of which version?"
    )
    async def livez() -> dict[str, str]:
        return {"status": "alive", "version": VERSION}

    observed = Shared(ServiceWatch(service, database, redis, looks, probes).look)

    async def readiness() -> Readiness:
        return as_readiness(await observed())

    app.state.readiness = readiness

    @app.get(
        "/readyz",
        operation_id="checkReadiness",
        tags=["health"],
        summary="Can it serve, which server is away, and which work is late?",
        responses={503: {"model": Readiness, "description": "It can't serve"}},
    )
    async def readyz(response: Response) -> Readiness:
        found = await readiness()
        if is_draining(app):
            found = found.model_copy(update={"status": "unready"})
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
        """Also while a server is away: then without what only that knows."""
        found = as_prometheus((await observed()).figures)
        return Response(generate_latest() + found, media_type=CONTENT_TYPE_LATEST)
