"""The disclosure sealer: seals each day of the disclosure log soon after it is over."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from prometheus_client import Counter

from services.referral.use_cases.disclosure_log import seal_finished_days
from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import waited_out
from shared.publishing import leases

log = logging.getLogger(__name__)

DAYS_SEALED: Final = Counter("luotsi_seals_made", "Days of the log of who was shown what that were sealed")

_LEASE = timedelta(minutes=5)
_LOOK_EVERY_SECONDS = 60.0


class DisclosureSealer:
    """Of several workers one has the lease. Days that were missed, as while the platform was off, are caught up."""

    def __init__(self, database: Database, key: bytes, holder: str, clock: Clock = utc_now) -> None:
        self._database = database
        self._key = key
        self._holder = holder
        self._clock = clock

    async def run(self) -> None:
        """Seal until cancelled; an outage of the database is waited out."""
        while True:
            with waited_out("disclosure sealer"):
                while await self.step():
                    pass
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def step(self) -> int:
        """Seal what is due; returns how many days were. Each seal is logged, outside of the reach of the database."""
        async with self._database.transaction() as tx:
            if not await leases.take(tx, "audit-seal", self._holder, _LEASE):
                return 0
            made = await seal_finished_days(tx, self._key, self._clock())
        DAYS_SEALED.inc(len(made))
        for seal in made:
            log.info("disclosures of %s sealed: %d rows, seal %s", seal.day, seal.rows, seal.seal.hex())
        return len(made)
