"""What the platform is not over yet, and until when it has to be."""

import asyncio
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from tests.faults.bounds import BOUNDS, MOST, deadline_after

_HOLD_SECONDS: Final = 30.0
UNDISTURBED: Final = "the start"
"""The name under which is measured what everything takes while nothing is wrong."""


@dataclass(eq=False)
class Disturbance:
    """A fault that has ended at `since`; `up_to` is how far the logs went when something new was told after it."""

    name: str
    since: float
    deadline: float
    newest: int | None = None
    up_to: dict[str, int] | None = None
    seconds: float | None = None
    """What it took to be over it; None as long as it is not."""
    ended: asyncio.Event = field(default_factory=asyncio.Event)


class Disturbances:
    """Those of one run. `recoveries` are over, `stuck` will not be."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._calm: list[float] = []
        self._going_on = 0
        self.waiting: list[Disturbance] = []
        self.recoveries: list[tuple[float, str]] = []
        self.stuck: list[str] = []
        self.begun: set[str] = set()
        """The kinds of fault that there were."""

    @property
    def undisturbed(self) -> float:
        """Seconds from told to dealt with everywhere while nothing is wrong; 0 where nobody has measured it."""
        return statistics.median(self._calm) if self._calm else 0.0

    @property
    def pressing(self) -> bool:
        """Whether something takes long: nobody is to make it worse then."""
        return any(self._now() - one.since > _HOLD_SECONDS for one in self.waiting)

    @contextmanager
    def going_on(self, name: str) -> Iterator[None]:
        """While a fault goes on, nothing has to be over another; and after it, as late as what it disturbs itself."""
        self._going_on += 1
        try:
            yield
        finally:
            self._going_on -= 1
            latest = self._now() + self.limit(name)
            for one in self.waiting:
                one.deadline = max(one.deadline, latest)

    def begin(self, name: str) -> Disturbance:
        """A fault has ended just now. What is not over an earlier one may hold it up."""
        now = self._now()
        one = Disturbance(name, now, max([now + self.limit(name), *(other.deadline for other in self.waiting)]))
        self.waiting.append(one)
        if name != UNDISTURBED:
            self.begun.add(name)
        return one

    def limit(self, name: str) -> float:
        """Within how many seconds all has to be over a fault."""
        return MOST if name == UNDISTURBED else deadline_after(name, self.undisturbed)

    def look(self, newest: dict[str, int], undone: dict[str, int]) -> None:
        """The logs go up to `newest`, and all before `undone` is dealt with everywhere; one may have been restored."""
        for one in list(self.waiting):
            if one.newest is not None:
                one.newest = min(one.newest, newest["referral"])
            if one.up_to is not None:
                one.up_to = {service: min(row, newest[service]) for service, row in one.up_to.items()}
            if one.newest is None:
                one.newest = newest["referral"]
            elif one.up_to is None and newest["referral"] > one.newest:
                one.up_to = newest
            if one.up_to is not None and all(undone[service] > row for service, row in one.up_to.items()):
                self._end(one)

    def give_up_late_ones(self) -> None:
        """What is not over by its deadline will not be: its name, and what it was to be over it by."""
        for one in list(self.waiting):
            if not self._going_on and self._now() > one.deadline:
                self.waiting.remove(one)
                reason = f" ({BOUNDS[one.name].reason})" if one.name in BOUNDS else ""
                after = self._now() - one.since
                self.stuck.append(
                    f"not over {one.name} after {after:.0f} s: its bound is {self.limit(one.name):.0f} s{reason}"
                )
                one.ended.set()

    def _end(self, one: Disturbance) -> None:
        self.waiting.remove(one)
        one.seconds = self._now() - one.since
        if one.name == UNDISTURBED:
            self._calm.append(one.seconds)
        else:
            self.recoveries.append((one.seconds, one.name))
        one.ended.set()
