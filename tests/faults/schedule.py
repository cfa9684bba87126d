"""The order of the faults, decided by the seed: each kind once, then any, until the time is over."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.faults.checks.recovery import Recovery
from tests.faults.harm import entries, network, postgres, processes, surroundings, valkey
from tests.faults.lab import Lab
from tests.faults.points import POINTS

Harm = Callable[[Lab, random.Random], Awaitable[None]]

HARMS: Final[tuple[Harm, ...]] = (
    processes.kill_some_process,
    processes.kill_all_services,
    processes.ask_worker_to_stop,
    processes.freeze_worker,
    processes.freeze_all_workers,
    processes.scale_out_and_in,
    processes.two_versions,
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
    postgres.kill_postgres,
    postgres.restart_postgres,
    postgres.drop_connections,
    postgres.take_all_connections,
    network.slow_wire,
    network.cut_wire,
    network.half_open_valkey,
    network.half_open_postgres,
    entries.send_copies,
    entries.reverse_order,
    entries.poison,
    surroundings.jump_clocks,
    surroundings.close_mail_server,
)
"""Each kind of fault. Filling the disk comes on top where there is a small file system to fill."""

PATIENCE: Final = 240.0
"""How long a recovery may take before it counts as none."""


@dataclass
class Course:
    """What was done, and how long the platform took to be over it."""

    done: Counter[str] = field(default_factory=Counter)
    recoveries: list[tuple[float, str]] = field(default_factory=list)
    never: list[str] = field(default_factory=list)


class Schedule:
    """Faults one after the other, some of them before the one before has been got over."""

    def __init__(self, lab: Lab, seed: int, harms: tuple[Harm, ...], say: Callable[[str], None]) -> None:
        self._lab = lab
        self._random = random.Random(seed)
        self._harms = harms
        self._say = say
        self._recovery = Recovery(lab)
        self.course = Course()

    async def run(self, seconds: float) -> None:
        """Do each kind once in a shuffled order, however long it takes, and go on until `seconds` are over."""
        begun = time.monotonic()
        waiting = list(self._harms)
        self._random.shuffle(waiting)
        while waiting or time.monotonic() - begun < seconds:
            await self._one(waiting.pop() if waiting else self._random.choice(self._harms))

    async def _one(self, harm: Harm) -> None:
        name = harm.__name__
        begun = time.monotonic()
        try:
            await harm(self._lab, self._random)
        except Exception as error:
            # The lab itself speaks to servers that an earlier fault has taken away; the harm is then not counted.
            self._say(f"{name:24} not done: {type(error).__name__}: {error}")
            await self._lab.settled_servers()
            return None
        self.course.done[name] += 1
        took = time.monotonic() - begun
        if self._random.random() < 0.35:
            return self._say(f"{name:24} {took:5.1f} s, and on")
        over = await self._recovery.wait(PATIENCE)
        if over is None:
            self.course.never.append(name)
            return self._say(f"{name:24} {took:5.1f} s, not over it after {PATIENCE:.0f} s")
        self.course.recoveries.append((over, name))
        self._say(f"{name:24} {took:5.1f} s, over it after {over:.1f} s")


class Marksman:
    """Lets processes end at named moments, one after the other, all the while."""

    def __init__(self, lab: Lab, seed: int) -> None:
        self._lab = lab
        self._random = random.Random(seed)

    async def run(self) -> None:
        """Aim at each moment of each process in turn, again and again, until cancelled."""
        aims = [(process, point) for point, processes_of in POINTS.items() for process in processes_of]
        self._random.shuffle(aims)
        aims.sort(key=lambda aim: POINTS[aim[1]].index(aim[0]))  # first one process for each moment
        while True:
            for process, point in aims:
                await self._aim(process, point)
                # A process takes seconds of a processor to start: once each moment was met, leave some to the others.
                rest = 5.0 if all(self._lab.points.hits().values()) else 1.0
                await asyncio.sleep(self._random.uniform(0.5, 1.5) * rest)

    async def _aim(self, process: str, point: str, patience: float = 6.0) -> None:
        deadline = time.monotonic() + patience
        self._lab.points.arm(process, point, self._random.randint(1, 4))
        while self._lab.points.is_armed(process) and time.monotonic() < deadline:
            await asyncio.sleep(0.05)
        self._lab.points.disarm(process)
