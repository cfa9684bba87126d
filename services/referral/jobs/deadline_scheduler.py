"""The deadline scheduler: does what timers are due for. Any number of workers may run it on one database."""

import asyncio
import logging
import time
from typing import Final
from uuid import UUID

from prometheus_client import Counter

from services.referral.domain.deadlines import TimerKind
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.deadlines import adopt_some, fire_due, take_due
from services.referral.use_cases.ending_below import mark_what_was_left
from services.referral.use_cases.idempotency import hash_some
from services.referral.use_cases.lookups import renew_some
from services.referral.vault import Vault
from shared import context
from shared.clock import Clock, utc_now
from shared.database.connections import Database
from shared.database.outages import is_outage, waited_out
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox

log = logging.getLogger(__name__)

TIMERS_FIRED: Final = Counter("luotsi_timers_fired", "Reminders and ends of referrals that came by the clock", ["kind"])
TIMER_FAILURES: Final = Counter("luotsi_timer_failures", "Times that the timers of a referral failed")
for _kind in TimerKind:
    TIMERS_FIRED.labels(_kind)

POLL_SECONDS: Final = 2.0
START_AFTER_SECONDS: Final = 10.0
"""The worker reads its streams meanwhile: a closure entered while it was down is known before anything expires."""

_ASIDE_SECONDS: Final = 60.0
"""How long a referral is left alone after its timers failed, so that it holds up no other."""


class DeadlineScheduler:
    """One transaction a referral: lock it, do what is due, commit. One that fails is tried again a minute later."""

    def __init__(self, database: Database, outbox: Outbox, vault: Vault, clock: Clock = utc_now) -> None:
        self._database = database
        self._outbox = outbox
        self._vault = vault
        self._clock = clock
        self._aside: dict[UUID, float] = {}

    async def run(self) -> None:
        """Run until cancelled; an outage of the database is waited out."""
        adopted = False
        await asyncio.sleep(START_AFTER_SECONDS)
        while True:
            busy = False
            with waited_out("deadline scheduler"):
                adopted = adopted or await self.adopt()
                busy = await self.step()
            if not busy:
                await asyncio.sleep(POLL_SECONDS)

    async def adopt(self) -> bool:
        """Do what an older version left undone, until nothing is left. Returns True: it is done.

        Referrals that are under way without timers get some, and what was passed on from an error is marked as one.
        Idempotency keys that were kept as they were given are hashed. Clients are found by today's rules for the
        spellings of names, numbers and addresses.
        """
        for leftover in (adopt_some, mark_what_was_left, hash_some):
            found: int | bool = True
            while found:
                async with self._database.transaction() as tx:
                    found = await leftover(self._work(tx))
        after = None
        while True:
            async with self._database.transaction() as tx:
                after = await renew_some(self._work(tx), after)
            if after is None:
                return True

    def _work(self, tx: Transaction) -> UnitOfWork:
        return UnitOfWork(tx, self._outbox, self._vault, self._clock())

    async def step(self) -> bool:
        """Do what is due for one referral; returns whether there was one."""
        besides, taken, fired = self._left_aside(), None, []
        try:
            with context.using(context.new_context()):
                async with self._database.transaction() as tx:
                    work = self._work(tx)
                    referral = await take_due(work, besides)
                    if referral is None:
                        return False
                    taken = referral.id
                    fired = await fire_due(work, referral)
        except Exception as error:
            if taken is None or is_outage(error):
                raise
            log.error("the timers of referral %s failed", taken, exc_info=error)
            TIMER_FAILURES.inc()
            self._aside[taken] = time.monotonic() + _ASIDE_SECONDS
        for kind in fired:
            TIMERS_FIRED.labels(kind).inc()
        return True

    def _left_aside(self) -> list[UUID]:
        now = time.monotonic()
        self._aside = {referral_id: until for referral_id, until in self._aside.items() if until > now}
        return list(self._aside)
