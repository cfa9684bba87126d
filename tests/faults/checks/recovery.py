"""How long it takes after a fault until everything told before its end has reached every consumer."""

import asyncio
import contextlib
import time
from collections import defaultdict
from typing import NamedTuple
from uuid import UUID

from shared.services import publishers
from tests.faults.checks.expectations import CONSUMERS
from tests.faults.failing import GROUP, may_be_late
from tests.faults.lab import Lab


class Told(NamedTuple):
    """A row of a log: its number, the event's id, its type."""

    row: int
    id: UUID
    type: str


class Recovery:
    """Follows the logs: each call of `wait` looks at what was told since the one before."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._seen: dict[str, int] = defaultdict(int)

    async def wait(self, patience: float) -> float | None:
        """Seconds until something new is told of a referral, and all that is told by then dealt with everywhere.

        None when that takes longer than `patience`.
        """
        begun = time.monotonic()
        newest: int | None = None
        told: dict[str, list[Told]] | None = None
        while time.monotonic() - begun < patience:
            with contextlib.suppress(Exception):  # a server is still on its way back
                newest = await self._newest() if newest is None else newest
                if told is None and await self._newest() > newest:
                    told = {service: await self._told_since(service) for service in publishers()}
                if told is not None and await self._dealt_with(told):
                    for service, events in told.items():
                        self._seen[service] = max([self._seen[service], *(event.row for event in events)])
                    return time.monotonic() - begun
            await asyncio.sleep(0.1)
        return None

    async def _newest(self) -> int:
        return int((await self._lab.query("referral", "SELECT coalesce(max(id), 0) FROM outbox"))[0][0])

    async def _told_since(self, service: str) -> list[Told]:
        sql = "SELECT id, event_id, type FROM outbox WHERE id > $1 ORDER BY id"
        return [Told(*row) for row in await self._lab.query(service, sql, self._seen[service])]

    async def _dealt_with(self, told: dict[str, list[Told]]) -> bool:
        for owner, consumers in CONSUMERS.items():
            for consumer, types in consumers.items():
                wanted = [
                    event.id
                    for event in told[owner]
                    if event.type in types and not (consumer == GROUP and may_be_late(event.id, event.type))
                ]
                sql = "SELECT count(*) FROM inbox WHERE consumer = $1 AND event_id = ANY($2::uuid[])"
                if wanted and (await self._lab.query(consumer, sql, consumer, wanted))[0][0] < len(wanted):
                    return False
        return True
