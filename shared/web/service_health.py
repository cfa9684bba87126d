"""How a service is doing, for administrators of the platform: what waits, what is dead, and of which version it is."""

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Request
from pydantic import BaseModel, Field
from redis.exceptions import RedisError
from sqlalchemy import column, select, table, text

from shared.actors import PLATFORM_SLUG
from shared.consuming.backlog import PARKED, PARKED_SECONDS, GroupBacklog, group_backlog
from shared.database.transaction import Transaction
from shared.problems import forbidden
from shared.publishing.backlog import UNPUBLISHED, publishes_in_time
from shared.redis import RawRedis
from shared.web.base import State, state_of
from shared.web.health import Readiness
from shared.web.health import State as Dependency
from shared.web.json_api import ActorOf, TransactionOf

Piece = Literal["dependency", "outbox", "parked", "stream", "timers", "seals", "keys", "mail"]

_ORGANIZATIONS: Final = table("organizations", column("id"), column("slug"))
_VERSIONS: Final = text("SHOW server_version")


class Waiting(BaseModel):
    """How much waits, and for how long the oldest of it already."""

    number: int
    oldest_seconds: float


class Parked(Waiting):
    """Events that wait for a fact which is not known yet; one of them for `waits_for`."""

    waits_for: str | None


class StreamHealth(BaseModel):
    """What a service has not read yet of a stream, or could not handle. `missing`: nobody has ever read for it."""

    stream: str
    missing: bool
    lag: int
    pending: int
    dead_letters: int
    consumers: int
    oldest_unread_seconds: float | None


class HealthFinding(BaseModel):
    """Whether a piece is well; `what` says which, where there are several of its kind."""

    piece: Piece
    well: bool
    what: str | None = None


class ServiceHealth(BaseModel):
    """How a service is doing. `outbox` and `parked` are null for one that writes no stream, or reads none.

    `streams` is empty while Redis is away. What to do about a finding that is not well: docs/operations.md.
    """

    service: str
    version: str
    servers: dict[str, str] = Field(description="Versions of the servers that were reached", examples=[{"redis": "8"}])
    dependencies: dict[str, Dependency]
    outbox: Waiting | None
    streams: list[StreamHealth]
    parked: Parked | None
    findings: list[HealthFinding]


async def platform_administrator(tx: TransactionOf, actor: ActorOf) -> None:
    """Raise 403 unless the caller administers the platform."""
    own = select(_ORGANIZATIONS.c.slug).where(_ORGANIZATIONS.c.id == actor.organization_id)
    slug = (await tx.execute(own)).scalar_one_or_none()
    if slug != PLATFORM_SLUG or "admin" not in actor.roles:
        raise forbidden("How the platform is doing is for its administrators.")


async def base_health(
    request: Request, tx: TransactionOf, _: Annotated[None, Depends(platform_administrator)]
) -> ServiceHealth:
    """What every service says of itself."""
    state = state_of(request, State)
    readiness: Readiness = await request.app.state.readiness()
    findings = [
        HealthFinding(piece="dependency", well=found == "up", what=name)
        for name, found in readiness.dependencies.items()
    ]
    if "keys" in readiness.late:
        findings.append(HealthFinding(piece="keys", well=False))
    outbox = await waiting(tx, UNPUBLISHED) if state.service.stream else None
    if outbox is not None:
        findings.append(HealthFinding(piece="outbox", well=publishes_in_time(outbox.number, outbox.oldest_seconds)))
    parked = await _parked(tx) if state.service.reads else None
    if parked is not None:
        findings.append(HealthFinding(piece="parked", well=parked.oldest_seconds <= PARKED_SECONDS))
    groups, redis_version = await _seen_in_redis(state)
    findings += [HealthFinding(piece="stream", well=group.well, what=group.stream) for group in groups]
    return ServiceHealth(
        service=state.service.name,
        version=request.app.version,
        servers={"postgresql": (await tx.execute(_VERSIONS)).scalar_one()} | redis_version,
        dependencies=readiness.dependencies,
        outbox=outbox,
        streams=[StreamHealth.model_validate(group, from_attributes=True) for group in groups],
        parked=parked,
        findings=findings,
    )


BaseHealthOf = Annotated[ServiceHealth, Depends(base_health)]


async def waiting(tx: Transaction, query: str) -> Waiting:
    """What a query for `number` and `oldest` finds."""
    row = (await tx.execute(text(query))).one()
    return Waiting(number=row.number, oldest_seconds=row.oldest)


async def _parked(tx: Transaction) -> Parked:
    row = (await tx.execute(text(PARKED))).one()
    return Parked(number=row.number, oldest_seconds=row.oldest, waits_for=row.example)


async def _seen_in_redis(state: State) -> tuple[Sequence[GroupBacklog], dict[str, str]]:
    """The groups of the service, and the version of Redis; nothing of it while Redis is away."""
    redis, service = state.redis, state.service
    try:
        groups = [await group_backlog(redis, stream, service.name) for stream in service.reads]
        return groups, {"redis": await _redis_version(redis)}
    except (RedisError, OSError):
        return [], {}


async def _redis_version(redis: RawRedis) -> str:
    """Name and version: HELLO tells them to those as well who may not ask for more."""
    said: Any = await redis.execute_command("HELLO")
    found = dict(zip(said[::2], said[1::2], strict=True))
    return f"{found[b'server'].decode()} {found[b'version'].decode()}"


__all__ = [
    "BaseHealthOf",
    "HealthFinding",
    "ServiceHealth",
    "Waiting",
    "base_health",
    "platform_administrator",
    "waiting",
]
