"""How one service is doing, for monitors that ask its processes: servers, streams, and work that waits too long."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from redis.exceptions import RedisError
from sqlalchemy import text

from shared.consuming.backlog import group_backlog, parked_look
from shared.consuming.hearing import Hearing
from shared.database.connections import Database
from shared.figures import Figure, Look, Seen
from shared.publishing.backlog import outbox_look
from shared.redis import RawRedis
from shared.services import Service

log = logging.getLogger(__name__)

Probes = Mapping[str, Callable[[], Awaitable[bool]]]
"""What else a service depends on: the name of each, and what finds out whether it can be had"""

_PATIENCE_SECONDS: Final = 2.0
_UP: Final = "Whether what the service depends on can be had (1) or not (0)"

FoundT = TypeVar("FoundT")


@dataclass(frozen=True)
class Observed:
    """Which dependencies of a service can be had, which of its pieces are `late`, and the figures of all of it."""

    dependencies: dict[str, bool]
    late: tuple[str, ...]
    figures: tuple[Figure, ...]


class Shared(Generic[FoundT]):
    """Looks, once for all who ask meanwhile: nobody counts these requests, so many at once must cost as much as one."""

    def __init__(self, look: Callable[[], Coroutine[Any, Any, FoundT]]) -> None:
        self._look = look
        self._looking: asyncio.Task[FoundT] | None = None

    async def __call__(self) -> FoundT:
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(self._looking)


class ServiceWatch:
    """Looks at what a service depends on, and at the work that waits in it.

    That is: its servers, what `probes` look at, whether it hears what others tell, its outbox, what it has parked, and
    what `looks` find in its database.
    """

    def __init__(
        self,
        service: Service,
        database: Database,
        redis: RawRedis,
        looks: Sequence[Look] = (),
        probes: Probes | None = None,
    ) -> None:
        self._service = service
        self._database = database
        self._redis = redis
        self._probes = probes or {}
        self._hearing = Hearing(service, redis)
        own = [outbox_look(service.stream)] if service.stream else []
        parked = [parked_look(service.name)] if service.reads else []
        self._looks = [*own, *parked, *looks]

    async def look(self) -> Observed:
        """Look at all of it, and wait for none longer than monitors do."""
        (postgres, seen), groups, (broker, _, *probed) = await asyncio.gather(
            self._database_seen(),
            self._groups(),
            asyncio.gather(
                _answers(self._redis.ping()),
                _answers(self._hearing.listen()),
                *(_is_true(probe()) for probe in self._probes.values()),
            ),
        )
        servers = {"postgresql": postgres, "redis": broker, **dict(zip(self._probes, probed, strict=True))}
        heard = dict.fromkeys(self._service.reads, True) | dict.fromkeys(self._hearing.deaf(), False)
        dependencies = servers | heard
        ups = [
            Figure("luotsi_dependency_up", _UP, float(up), {"service": self._service.name, "dependency": name})
            for name, up in dependencies.items()
        ]
        late = tuple(each.piece for each in seen if not each.well)
        return Observed(dependencies, late, (*ups, *groups, *(figure for each in seen for figure in each.figures)))

    async def _database_seen(self) -> tuple[bool, list[Seen]]:
        """Whether the database answers, and what was found there: on one connection, however many look."""
        answers, seen = False, []
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS), self._database.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
                answers = True
                seen = [await look(connection) for look in self._looks]
        except Exception as error:
            if answers:
                log.warning("what waits in the database could not be looked at: %s", type(error).__name__)
        return answers, seen

    async def _groups(self) -> tuple[Figure, ...]:
        """How far the service is behind with each stream that it reads; nothing of it while Redis is away."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                found = [await group_backlog(self._redis, stream, self._service.name) for stream in self._service.reads]
        except (RedisError, OSError):
            return ()
        return tuple(figure for group in found for figure in group.figures)


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


__all__ = ["Observed", "Probes", "ServiceWatch", "Shared"]
