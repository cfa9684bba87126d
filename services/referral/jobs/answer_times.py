"""The measurer of answers: writes down how long those took that another version, or an older one, has recorded."""

import asyncio
from typing import Final
from uuid import UUID

from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.answer_times import measure_some
from services.referral.vault import Vault
from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import waited_out
from shared.publishing.outbox import Outbox

_LOOK_EVERY_SECONDS: Final = 60.0
_REST_SECONDS: Final = 0.05
"""Between two portions: people come first"""
_FIRST: Final = UUID(int=0)


class AnswerTimes:
    """Any number may run on one database: each takes rows that no other has locked."""

    def __init__(self, database: Database, outbox: Outbox, vault: Vault, clock: Clock = utc_now) -> None:
        self._database = database
        self._outbox = outbox
        self._vault = vault
        self._clock = clock
        self._after = _FIRST

    async def run(self) -> None:
        """Work until cancelled; an outage of the database is waited out."""
        while True:
            more = False
            with waited_out("measuring answers"):
                more = await self.step()
            await asyncio.sleep(_REST_SECONDS if more else _LOOK_EVERY_SECONDS)

    async def step(self) -> bool:
        """Measure a portion; returns whether there was one. Then the next step begins anew."""
        async with self._database.transaction() as tx:
            last = await measure_some(UnitOfWork(tx, self._outbox, self._vault, self._clock()), self._after)
        self._after = last or _FIRST
        return last is not None
