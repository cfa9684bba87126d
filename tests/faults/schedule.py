"""The order of the faults, decided by the seed: each kind once, then any, until the time is over."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.faults.checks.recovery import Recovery
from tests.faults.fault_injectors import disks, entries, network, postgres, processes, surroundings, valkey
from tests.faults.injection_points import POINTS
from tests.faults.lab import PATIENCE, Lab
from tests.faults.ledger import Ledger

Fault = Callable[[Lab, random.Random], Awaitable[None]]

LANES: Final[tuple[tuple[Fault, ...], ...]] = (
    (
        processes.kill_some_process,
        processes.kill_all_services,
        processes.ask_worker_to_stop,
        processes.freeze_worker,
        processes.freeze_all_workers,
        processes.scale_out_and_in,
        processes.two_versions,
    ),
    (
        valkey.kill_valkey,
        valkey.restart_valkey,
        valkey.stall_valkey,
        valkey.flush_valkey,
        valkey.destroy_group,
        valkey.delete_stream,
        valkey.turn_read_only,
        valkey.demand_replicas,
        valkey.run_out_of_memory,
        valkey.cut_file,
        valkey.replace_by_empty,
        entries.send_copies,
        entries.reverse_order,
        entries.poison,
        disks.fill_valkey_disk,
    ),
    (
        postgres.kill_postgres,
        postgres.restart_postgres,
        postgres.drop_connections,
        postgres.take_all_connections,
        network.slow_wire,
        network.cut_wire,
        network.half_open_valkey,
        network.half_open_postgres,
        surroundings.jump_clocks,
        surroundings.close_mail_server,
        disks.fill_postgres_disk,
        disks.fill_mail_disk,
    ),
)
"""Each kind of fault, by what it reaches into: those of one lane never happen at the same time."""

FAULTS: Final[tuple[Fault, ...]] = tuple(fault for lane in LANES for fault in lane)
ON_SMALL_DISKS: Final[tuple[Fault, ...]] = (disks.fill_valkey_disk, disks.fill_postgres_disk, disks.fill_mail_disk)
"""Left out where nobody may mount a small file system."""

_TRIES: Final = 6
_POINTS_PATIENCE: Final = 90.0
"""How long the marksman may go on when the faults are over and a moment has not been met."""


@dataclass
class Course:
    """What was done, and how long the platform took to be over it."""

    done: Counter[str] = field(default_factory=Counter)
    recoveries: list[tuple[float, str]] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    """What the platform did not get over."""
    never: list[str] = field(default_factory=list)
    """What could not be done."""


class Schedule:
    """Faults one after the other, some of them before the one before has been got over."""

    def __init__(
        self, lab: Lab, ledger: Ledger, seed: int, faults: tuple[Fault, ...], say: Callable[[str], None]
    ) -> None:
        self._lab = lab
        self._ledger = ledger
        self._seed = seed
        self._random = random.Random(seed)
        self._faults = faults
        self._say = say
        self._recovery = Recovery(lab)
        self.course = Course()

    async def run(self, seconds: float) -> None:
        """Do each kind once in a shuffled order, and go on until `seconds` are over.

        Kinds left over by then come right after each other, several at a time, so that a slow machine does not take
        for ever. Once something is lost for good there are no further faults: what is lost holds each recovery up.
        """
        ends = time.monotonic() + seconds
        waiting = list(self._faults)
        self._random.shuffle(waiting)
        while time.monotonic() < ends and not self._hopeless:
            fault = waiting.pop() if waiting else self._random.choice(self._faults)
            if not await self._one(fault, hurried=False) and not self.course.done[fault.__name__]:
                waiting.insert(0, fault)
        await asyncio.gather(*(self._hurry([fault for fault in waiting if fault in lane]) for lane in LANES))

    @property
    def _hopeless(self) -> bool:
        return bool(self._ledger.given_up or self.course.stuck)

    async def _hurry(self, waiting: list[Fault]) -> None:
        tries = Counter(dict.fromkeys((fault.__name__ for fault in waiting), _TRIES))
        while waiting and not self._hopeless:
            fault = waiting.pop()
            if await self._one(fault, hurried=True):
                continue
            tries[fault.__name__] -= 1
            if tries[fault.__name__]:
                waiting.insert(0, fault)
                await asyncio.sleep(1)
            else:
                self.course.never.append(f"could not be done: {fault.__name__}")

    async def _one(self, fault: Fault, *, hurried: bool) -> bool:
        name, begun = fault.__name__, time.monotonic()
        try:
            # A lot of its own, so that faults of other lanes change nothing about it.
            await fault(self._lab, random.Random(f"{self._seed} {name} {self.course.done[name]}"))
        except Exception as error:
            # The rig itself speaks to servers that an earlier fault has taken away.
            self._say(f"{name:24} not done: {type(error).__name__}: {error}")
            await self._lab.settled_servers()
            return False
        self.course.done[name] += 1
        took = time.monotonic() - begun
        if hurried or self._random.random() < 0.35:
            self._say(f"{name:24} {took:5.1f} s, and on")
            await asyncio.sleep(1)
            return True
        over = await self._recovery.wait(PATIENCE)
        if over is None:
            self.course.stuck.append(f"not over it after {PATIENCE:.0f} s: {name}")
        else:
            self.course.recoveries.append((over, name))
        self._say(
            f"{name:24} {took:5.1f} s, {'not over it in time' if over is None else f'over it after {over:.1f} s'}"
        )
        return True


class Marksman:
    """Lets processes end at named moments, one after the other, all the while."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self._lab = lab
        self._random = random.Random(seed)

    async def run(self) -> None:
        """Aim at one moment of one process after the other, at those that were met least first, until cancelled."""
        while True:
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

    async def _aim(self, process: str, point: str, *, calm: bool, patience: float = 8.0) -> None:
        deadline = time.monotonic() + patience
        self._lab.points.arm(process, point, self._random.randint(1, 4) if calm else 1)
        while self._lab.points.is_armed(process) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        self._lab.points.disarm(process)
