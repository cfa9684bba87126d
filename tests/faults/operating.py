"""What an operator does meanwhile: copies are rebuilt, clients erased, and what was kept long enough is taken away."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from luotsi.platform.copies import COPIES
from luotsi.platform.process import PlatformError
from luotsi.platform.rebuilding import rebuild
from luotsi.platform.referral_work import working
from services.referral.use_cases.erasure import erase_client, lock_client
from shared.database.outages import is_away
from tests.faults.checks.erased import what_is_kept_of
from tests.faults.checks.expectations import Finding
from tests.faults.lab import PATIENCE, Lab
from tests.faults.ledger import Ledger
from tests.faults.people import GivenUp
from tests.faults.retaining import Retention

_PAUSE: Final = 6.0

Work = Callable[[], Awaitable[bool]]


@dataclass
class Operator:
    """`done` is how often what was done."""

    lab: Lab
    ledger: Ledger
    lot: random.Random
    retention: Retention
    done: Counter[str] = field(default_factory=Counter)

    async def run(self, over: asyncio.Event) -> None:
        """Work until the day is over, and each work was done once; or for as long as anything may take."""
        with contextlib.suppress(GivenUp):  # it is in the ledger
            await self._work((self.rebuild_copies, self.erase, self.retain), over)

    async def _work(self, works: Sequence[Work], over: asyncio.Event) -> None:
        while not over.is_set():
            for work in works:
                await self._try(work)
                await asyncio.sleep(self.lot.expovariate(1 / _PAUSE))
        deadline = time.monotonic() + PATIENCE
        while (missing := [work for work in works if not self.done[work.__name__]]) and not self.lab.found:
            if time.monotonic() > deadline:
                lacks = f"; old became {', '.join(sorted(self.retention.old)) or 'nothing'}"
                self.ledger.given_up += [f"an operator could never {work.__name__}{lacks}" for work in missing]
                return
            for work in missing:
                await self._try(work)
            if self.retain in missing:  # it may wait for a client of whose referrals everybody has heard
                await self._try(self.erase)
            await asyncio.sleep(0.5)

    async def _try(self, work: Work) -> None:
        """What a server that is away has broken off is tried again."""
        try:
            async with asyncio.timeout(PATIENCE):
                self.done[work.__name__] += await work()
        except Exception as error:
            if isinstance(error, GivenUp):
                raise
            if not (is_away(error) or isinstance(error, PlatformError)):
                self.lab.found.append(Finding("wrong", f"an operator's {work.__name__} failed: {error!r}"))
            self.ledger.refused[f"operator's {work.__name__}: {type(error).__name__}"] += 1

    async def rebuild_copies(self) -> bool:
        """Make every copy anew: what was dealt with is in it already, so that nothing changes."""
        for name in COPIES:
            forged = bool(self.lab.forged)
            async with self.lab.copies:
                done = await rebuild(self.lab.target, name, portion=self.lot.choice((3, 500)))
            if done.mended and not (forged or self.lab.forged or self.retention.under_way):
                self.lab.found.append(Finding("wrong", f"rebuilding {name} changed {done.mended} of {done.rows} rows"))
        return True

    async def erase(self) -> bool:
        """Erase the client of a referral, and end it where it is under way."""
        gone = {erased.referral for erased in self.ledger.erased} | self.retention.in_books
        left = sorted((UUID(referral), key) for key, referral in self.ledger.keys.items() if UUID(referral) not in gone)
        if not left:
            return False
        referral, key = self.lot.choice(left)
        erased = await what_is_kept_of(self.lab, referral, key)
        async with working(self.lab.target) as work:
            client = await lock_client(work.tx, erased.client)
            if client is None or client.erased_at is not None:
                return False
            await erase_client(work, client, "operator: erase", end_open=True)
        self.ledger.erased.append(erased)
        return True

    async def retain(self) -> bool:
        """Have taken away what was kept long enough: that, and no more. True once something of everything was."""
        return await self.retention.take_away()

    async def finish(self) -> None:
        """All is at rest: have forgotten what was dealt with long ago, and see that all that was old is gone."""
        await self._try(self.forget)
        if not self.done[self.forget.__name__]:
            self.ledger.given_up.append("retention could not run when all was at rest")

    async def forget(self) -> bool:
        """The last part of retention, which only the end of a day allows."""
        await self.retention.forget()
        return True
