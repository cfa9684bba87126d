"""The statistics publisher: every few minutes, one of the workers publishes the statistics that have changed."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.service_statistics import count_statistics, publish_statistics
from services.referral.vault import Vault
from shared import context
from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import waited_out
from shared.publishing import leases
from shared.publishing.outbox import Outbox

EVERY: Final = timedelta(minutes=2)
_LEASE: Final = timedelta(minutes=5)
"""Longer than from one round to the next, so that the same worker goes on; another follows a dead one after this."""

LEASE_NAME: Final = "service_facts"


class StatisticsPublisher:
    """Any number may run on one database: the one that holds the lease works. `holder` names the worker."""

    def __init__(self, database: Database, outbox: Outbox, vault: Vault, holder: str, clock: Clock = utc_now) -> None:
        self._database = database
        self._outbox = outbox
        self._vault = vault
        self._holder = holder
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled; an outage of the database is waited out."""
        while True:
            await asyncio.sleep(EVERY.total_seconds())
            with waited_out("statistics publisher"):
                await self.step()

    async def step(self) -> int | None:
        """Look at every service once; returns how many had news. None when another worker has the lease.

        All are counted at one moment, then published in portions, each in a transaction of its own.
        """
        with context.using(context.new_context()):
            now, told = self._clock(), 0
            async with self._leased(now) as work:
                if work is None:
                    return None
            async with self._database.transaction() as tx:  # its own, or the other workers would wait for the lease
                portions = await count_statistics(UnitOfWork(tx, self._outbox, self._vault, now))
            for counted in portions:
                async with self._leased(now) as work:
                    if work is None:
                        break
                    told += await publish_statistics(work, counted)
            return told

    @asynccontextmanager
    async def _leased(self, now: datetime) -> AsyncIterator[UnitOfWork | None]:
        """A unit of work for the one that holds the lease, which is renewed by it; None for any other."""
        async with self._database.transaction() as tx:
            has_it = await leases.take(tx, LEASE_NAME, self._holder, _LEASE)
            yield UnitOfWork(tx, self._outbox, self._vault, now) if has_it else None
