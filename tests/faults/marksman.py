"""The marksman: lets processes end at named moments, all the while."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from typing import Final

from tests.faults.disturbances import Disturbances
from tests.faults.injection_points import POINTS
from tests.faults.lab import Lab

_POINTS_PATIENCE: Final = 90.0
"""How long the marksman may go on when the faults are over and a moment has not been met."""


class Marksman:
    """Lets processes end at named moments, one after the other, all the while."""

    def __init__(self, lab: Lab, seed: int, disturbances: Disturbances) -> None:
        self._lab = lab
        self._disturbances = disturbances
        self._random = random.Random(seed)
        self._noted: Counter[str] = Counter()

    async def run(self) -> None:
        """Aim at one moment of one process after the other, at those that were met least first, until cancelled."""
        while True:
            while self._disturbances.pressing:
                await asyncio.sleep(0.5)
            hits = self._lab.points.hits()
            point = min(POINTS, key=lambda one: (hits[one], self._random.random()))
            await self._aim(self._random.choice(POINTS[point]), point, calm=bool(hits[point]))
            # A process takes seconds of a processor to start: once each moment was met, leave some to the others.
            await asyncio.sleep(self._random.uniform(0.5, 1.5) * (5.0 if all(hits.values()) else 1.0))

    async def finish(self) -> None:
        """Go on until each moment was met, `_POINTS_PATIENCE` at most."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_POINTS_PATIENCE):
                while not all(self._lab.points.hits().values()):
                    await asyncio.sleep(0.5)

    def note_hits(self) -> None:
        """Write down each end at a named moment that is not written down yet."""
        new = Counter(self._lab.points.hits()) - self._noted
        self._noted += new
        for point in new.elements():
            self._disturbances.begin(f"killed {point}")

    async def _aim(self, process: str, point: str, *, calm: bool, patience: float = 8.0) -> None:
        deadline = time.monotonic() + patience
        self._lab.points.arm(process, point, self._random.randint(1, 4) if calm else 1)
        try:
            while self._lab.points.is_armed(process) and time.monotonic() < deadline:
                await asyncio.sleep(0.05)
        finally:
            self._lab.points.disarm(process)
            self.note_hits()
