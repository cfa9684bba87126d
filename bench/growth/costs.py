"""What one thing costs: processor time of the service and of its database, wall time, and how long it held the loop."""

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Final

import psutil

_TICK: Final = 0.001
Once = Callable[[], Awaitable[str]]
"""Does the thing once, whatever has to be there for it; returns what is wrong with the outcome, or nothing."""


@dataclass
class Cost:
    """Milliseconds of each time. `held` is the most processor time that passed between two turns of the event loop.

    Processor time says what other work on the machine does not change. `failed` is why there is no more of it.
    """

    service: list[float] = field(default_factory=list)
    database: list[float] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    held: float = 0.0
    failed: str = ""

    def forget_first(self) -> None:
        """Of several times, the first opened connections and prepared statements."""
        for times in (self.service, self.database, self.waited):
            del times[: len(times) > 1]

    @property
    def processor(self) -> float:
        """The median of both together; nan without any."""
        both = [a + b for a, b in zip(self.service, self.database, strict=True)]
        return median(both) if both else float("nan")


class DatabaseClock:
    """Processor time of all of a PostgreSQL server's processes, those that have ended included."""

    def __init__(self, pid: int) -> None:
        self._server = psutil.Process(pid)

    def ms(self) -> float:
        """Milliseconds so far."""
        times = self._server.cpu_times()
        found = 1000 * (times.children_user + times.children_system)
        for child in self._server.children():
            try:
                found += int(Path(f"/proc/{child.pid}/schedstat").read_text().split()[0]) / 1e6
            except OSError:  # has just ended
                continue
        return found


async def take(cost: Cost, clock: DatabaseClock, once: Once, patience: float, *, watched: bool = False) -> None:
    """Do it once more, and note what it cost. What takes longer than `patience` seconds is given up.

    `watched`: beside a ticking clock, which costs a little, for how long nobody else had a turn.
    """
    ticking = asyncio.create_task(_tick()) if watched else None
    await asyncio.sleep(_TICK)
    database, service, begun = clock.ms(), time.process_time(), time.perf_counter()
    cost.failed = await _outcome(once, patience)
    waited, used = time.perf_counter() - begun, time.process_time() - service
    cost.waited.append(1000 * waited)
    cost.service.append(1000 * used)
    cost.database.append(clock.ms() - database)
    if ticking:
        ticking.cancel()
        cost.held = max(cost.held, 1000 * await ticking)


async def _outcome(once: Once, patience: float) -> str:
    try:
        async with asyncio.timeout(patience):
            return await once()
    except TimeoutError:
        return f"> {patience:.0f} s"
    except Exception as error:
        return f"{type(error).__name__}: {error}"[:60]


async def _tick() -> float:
    """Until cancelled: the most of this thread's processor time between two ticks, a millisecond apart; in seconds.

    In processor time, for on a busy machine a tick comes late that nobody has held up.
    """
    most, last = 0.0, time.thread_time()
    try:
        while True:
            await asyncio.sleep(_TICK)
            now = time.thread_time()
            most, last = max(most, now - last), now
    except asyncio.CancelledError:
        return max(most, time.thread_time() - last)


def load() -> float:
    """How busy the machine is."""
    return os.getloadavg()[0]
