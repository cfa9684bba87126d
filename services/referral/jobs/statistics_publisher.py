"""The statistics publisher: every few minutes, one of the workers publishes the statistics that have changed."""

import asyncio
from datetime import timedelta
from typing import Final

from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.service_statistics import publish_statistics
from services.referral.vault import Vault
from shared import context
from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import waited_out
from shared.publishing import leases
from shared.publishing.outbox import Outbox

EVERY: Final = timedelta(minutes=2)
_LEASE: Final = timedelta(minutes=5)
"""Longer than a round, so that the same worker goes on; another follows a dead one after this."""

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
        """Look at every service once; returns how many had news. None when another worker has the lease."""
        with context.using(context.new_context()):
            async with self._database.transaction() as tx:
                if not await leases.take(tx, LEASE_NAME, self._holder, _LEASE):
                    return None
                return await publish_statistics(UnitOfWork(tx, self._outbox, self._vault, self._clock()))
