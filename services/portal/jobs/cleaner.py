"""The cleaner: every few minutes it removes what has come to its end, in whichever worker."""

import asyncio
from datetime import timedelta
from typing import Final

from services.portal.use_cases import kept_forms, sessions
from services.portal.use_cases.attempts import forget_old_steps
from services.portal.use_cases.limits import forget_old_counts
from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import waited_out

EVERY: Final = timedelta(minutes=5)


class Cleaner:
    """Any number may run on one database: what one has removed, another does not find."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def run(self) -> None:
        """Work until cancelled; an outage of the database is waited out."""
        while True:
            with waited_out("cleaner"):
                await self.step()
            await asyncio.sleep(EVERY.total_seconds())

    async def step(self) -> None:
        """Remove sessions that ended a day ago, forms that nobody came back for, steps of signing in that are over."""
        async with self._database.transaction() as tx:
            await sessions.forget_ended(tx, self._clock())
            await kept_forms.forget_old(tx, self._clock())
            await forget_old_steps(tx, self._clock())
            await forget_old_counts(tx, self._clock())
