"""How long it takes after each fault until everything told before its end has reached every consumer."""

import asyncio
import contextlib
from collections import defaultdict
from typing import Final, NamedTuple
from uuid import UUID

from shared.services import publishers
from tests.faults.checks.expectations import CONSUMERS
from tests.faults.disturbances import UNDISTURBED, Disturbances
from tests.faults.failing import GROUP, may_be_late
from tests.faults.lab import Lab

_CALM_LOOKS: Final = 3
_EVERY_SECONDS: Final = 0.15


class Told(NamedTuple):
    """A row of a log: its number, the event's id, its type."""

    row: int
    id: UUID
    type: str


class Recovery:
    """Follows the logs, for all disturbances at once: they may follow each other while some are not over yet."""

    def __init__(self, lab: Lab, disturbances: Disturbances) -> None:
        self._lab = lab
        self._disturbances = disturbances
        self._done: dict[str, int] = defaultdict(int)
        """Up to which row of each log everything is dealt with everywhere."""

    async def follow(self) -> None:
        """Look, as long as something is not over, until cancelled."""
        while True:
            if self._disturbances.waiting and not self._lab.flooded:
                with contextlib.suppress(Exception):  # a server is still on its way back
                    await self._look()
                self._disturbances.give_up_late_ones()
            await asyncio.sleep(_EVERY_SECONDS)

    async def measure_undisturbed(self) -> None:
        """See a few times how long everything takes while nothing is wrong."""
        for _ in range(_CALM_LOOKS):
            if not self._disturbances.stuck:
                await self._disturbances.begin(UNDISTURBED).ended.wait()

    async def drain(self) -> None:
        """Wait until all is over, or will not be."""
        while self._disturbances.waiting and not self._disturbances.stuck:
            await asyncio.sleep(_EVERY_SECONDS)

    async def _look(self) -> None:
        for service in publishers():  # one that was restored from an earlier moment begins there again
            self._done[service] = min(self._done[service], await self._newest(service))
        told = {service: await self._told_since(service) for service in publishers()}
        newest = {service: max([self._done[service], *(event.row for event in told[service])]) for service in told}
        undone = {service: newest[service] + 1 for service in told}
        for owner, consumers in CONSUMERS.items():
            for consumer, types in consumers.items():
                for event in await self._undone(consumer, [event for event in told[owner] if event.type in types]):
                    undone[owner] = min(undone[owner], event.row)
        self._done |= {service: row - 1 for service, row in undone.items()}
        self._disturbances.look(newest, undone)

    async def _newest(self, service: str) -> int:
        return int((await self._lab.query(service, "SELECT coalesce(max(id), 0) FROM outbox"))[0][0])

    async def _told_since(self, service: str) -> list[Told]:
        sql = "SELECT id, event_id, type FROM outbox WHERE id > $1 ORDER BY id"
        return [Told(*row) for row in await self._lab.query(service, sql, self._done[service])]

    async def _undone(self, consumer: str, events: list[Told]) -> list[Told]:
        wanted = [event for event in events if not (consumer == GROUP and may_be_late(event.id, event.type))]
        if not wanted:
            return []
        sql = "SELECT event_id FROM inbox WHERE consumer = $1 AND event_id = ANY($2::uuid[])"
        rows = await self._lab.query(consumer, sql, consumer, [event.id for event in wanted])
        done = {row["event_id"] for row in rows}
        return [event for event in wanted if event.id not in done]
