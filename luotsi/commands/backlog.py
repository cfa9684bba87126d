"""How far events have come: how many wait in each outbox and for each consumer group, and how many are dead letters."""

from dataclasses import dataclass, replace
from typing import Any

from redis.exceptions import ResponseError
from rich.console import Console
from rich.table import Table
from sqlalchemy import text

from shared.consuming.backlog import PARKED_SECONDS, UNREAD_SECONDS, live_consumers, oldest_unread_seconds
from shared.consuming.inbox import RETRY
from shared.database.connections import Database
from shared.publishing import losses
from shared.publishing.backlog import publishes_in_time
from shared.redis import RawRedis
from shared.services import Service, dead_stream, groups_of, streams

# Redis cannot always tell a group's lag (after an entry was deleted); then so many are counted at most.
_COUNT_UP_TO = 100_000
_OUTBOX = text(
    "SELECT count(*) AS unpublished, extract(epoch FROM now() - min(recorded_at)) AS oldest_seconds "
    "FROM outbox WHERE published_at IS NULL"
)
_PARKED = text(
    "SELECT count(*) AS parked, count(*) FILTER (WHERE waits_for = :retry) AS stuck, "
    "extract(epoch FROM now() - min(parked_at))::float AS oldest FROM parked"
)


@dataclass(frozen=True)
class GroupBacklog:
    """One declared group of one stream. `lag` counts entries not yet delivered, `pending` those not yet acknowledged.

    `oldest_pending_seconds` is the age of the oldest pending entry, `oldest_unread_seconds` that of the oldest one not
    yet delivered. `consumers` counts those that have asked within 30 seconds: of others only the name is left. All
    these are None when the group is missing.
    """

    stream: str
    group: str
    length: int
    lag: int | None
    pending: int | None
    oldest_pending_seconds: float | None
    dead: int
    consumers: int | None = None
    oldest_unread_seconds: float | None = None

    @property
    def well(self) -> bool:
        """Whether somebody reads, in time, and could handle all that there was."""
        ages = (self.oldest_pending_seconds, self.oldest_unread_seconds)
        in_time = all((each or 0) <= UNREAD_SECONDS for each in ages)
        return not self.missing and bool(self.consumers) and not self.dead and in_time

    @property
    def missing(self) -> bool:
        """Whether the group does not exist: nobody reads, and nothing is trimmed."""
        return self.lag is None


@dataclass(frozen=True)
class ServiceBacklog:
    """One service's database: events not yet on its stream, and events of others that are parked.

    A parked event waits for a fact, or (`stuck`) for its handler to be tried again.

    `again` counts what is published again, after a loss of the stream or for an operator.

    `unpublished` and `again` are None for a service that writes no stream, `parked` and `stuck` for one that reads
    none.
    """

    service: str
    unpublished: int | None = None
    oldest_seconds: float | None = None
    again: int | None = None
    parked: int | None = None
    oldest_parked_seconds: float | None = None
    stuck: int | None = None

    @property
    def well(self) -> bool:
        """Whether events are published and find the facts that they wait for, in time."""
        published = publishes_in_time(self.unpublished or 0, self.oldest_seconds or 0)
        return published and not self.stuck and (self.oldest_parked_seconds or 0) <= PARKED_SECONDS


async def of_groups(redis: RawRedis) -> list[GroupBacklog]:
    """The backlog of every declared group."""
    seconds, microseconds = await redis.time()
    now = seconds + microseconds / 1e6
    found = []
    for stream in streams():
        names = groups_of(stream)
        groups = await _existing(redis, stream)
        length = await redis.xlen(stream)
        for name in names:
            dead = await redis.xlen(dead_stream(stream, name))
            if name not in groups:
                found.append(GroupBacklog(stream, name, length, None, None, None, dead))
                continue
            pending = await redis.xpending(stream, name)
            age = now - int(pending["min"].split(b"-")[0]) / 1000 if pending["min"] else None
            lag = await _lag(redis, stream, groups[name])
            readers = await live_consumers(redis, stream, name)
            unread = await oldest_unread_seconds(redis, stream, groups[name]["last-delivered-id"])
            found.append(GroupBacklog(stream, name, length, lag, pending["pending"], age, dead, readers, unread))
    return found


async def _existing(redis: RawRedis, stream: str) -> dict[str, dict[str, Any]]:
    try:
        return {group["name"].decode(): group for group in await redis.xinfo_groups(stream)}
    except ResponseError as error:
        if "no such key" not in str(error):
            raise
        return {}


async def _lag(redis: RawRedis, stream: str, group: dict[str, Any]) -> int:
    if group["lag"] is not None:
        return int(group["lag"])
    after = "(" + group["last-delivered-id"].decode()
    return len(await redis.xrange(stream, min=after, count=_COUNT_UP_TO))


async def of_service(database: Database, service: Service) -> ServiceBacklog:
    """The backlog in the database of `service`."""
    backlog = ServiceBacklog(service.name)
    async with database.transaction() as tx:
        if service.stream:
            outbox = (await tx.execute(_OUTBOX)).one()
            oldest = None if outbox.oldest_seconds is None else float(outbox.oldest_seconds)
            again = (await tx.execute(text(losses.LEFT))).scalar() or 0
            backlog = replace(backlog, unpublished=outbox.unpublished, oldest_seconds=oldest, again=again)
        if service.reads:
            parked = (await tx.execute(_PARKED, {"retry": RETRY})).one()
            backlog = replace(backlog, parked=parked.parked, stuck=parked.stuck, oldest_parked_seconds=parked.oldest)
    return backlog


def show(groups: list[GroupBacklog], services: list[ServiceBacklog]) -> None:
    """Print two tables; what has waited for too long, is dead, or is read by nobody, begins with `!!`."""
    streams = Table(
        "", "stream", "group", "entries", "lag", "oldest", "in hand", "oldest", "dead", "consumers", title="Streams"
    )
    for group in groups:
        state = ["missing", "", "", ""]
        if not group.missing:
            unread, in_hand = _age(group.oldest_unread_seconds), _age(group.oldest_pending_seconds)
            state = [str(group.lag), unread, str(group.pending), in_hand]
        readers = "" if group.consumers is None else str(group.consumers)
        mark = _mark(group.well)
        streams.add_row(mark, group.stream, group.group, str(group.length), *state, str(group.dead), readers)
    outboxes = Table("", "service", "unpublished", "oldest", "again", "parked", "oldest", "stuck", title="Databases")
    for service in services:
        unpublished = [_count(service.unpublished), _age(service.oldest_seconds), _count(service.again)]
        parked = [_count(service.parked), _age(service.oldest_parked_seconds), _count(service.stuck)]
        outboxes.add_row(_mark(service.well), service.service, *unpublished, *parked)
    console = Console()
    console.print(streams)
    console.print(outboxes)


def _mark(well: bool) -> str:
    return "" if well else "!!"


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


def _age(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.1f} s"
