"""The order of the faults, decided by the seed: each kind once, then any, until the time is over."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

from tests.faults.bounds import MOST
from tests.faults.disturbances import Disturbances
from tests.faults.drills import long_outage, restore, restore_notifications, restore_portal, standby
from tests.faults.fault_injectors import (
    certificates,
    cut_off,
    database_clock,
    disks,
    entries,
    network,
    postgres,
    power,
    processes,
    reminders,
    rollout,
    slow_syncs,
    states,
    surroundings,
    valkey,
)
from tests.faults.lab import Lab
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
        processes.two_of_one_name,
        cut_off.cut_one_worker_off,
        rollout.roll_from_former,
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
        states.tell_states_in_disorder,
        disks.fill_valkey_disk,
        power.cut_power,
        slow_syncs.slow_syncs,
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
        reminders.let_answers_be_overdue,
        surroundings.jump_clocks,
        surroundings.close_mail_server,
        certificates.expire_certificate,
        disks.fill_postgres_disk,
        disks.fill_mail_disk,
    ),
)
"""Each kind of fault, by what it reaches into: those of one lane never happen at the same time."""

FAULTS: Final[tuple[Fault, ...]] = tuple(fault for lane in LANES for fault in lane)
ON_SMALL_DISKS: Final[tuple[Fault, ...]] = (disks.fill_valkey_disk, disks.fill_postgres_disk, disks.fill_mail_disk)
ON_DEVICES: Final[tuple[Fault, ...]] = (power.cut_power, slow_syncs.slow_syncs)

DRILLS: Final[tuple[Fault, ...]] = (
    restore.restore_referral,
    restore.restore_catalog,
    restore_notifications.restore_notifications,
    restore_portal.restore_portal,
    standby.promote_standby,
    long_outage.long_outage,
    database_clock.step_database_clock,
)
"""Once a run, by themselves: what takes a database back, for what is lost then is lost by design, and what is long.

A step of the databases' clock too, for PostgreSQL itself goes by that clock in ending what waits.
"""
AROUND_DRILLS: Final[tuple[Fault, ...]] = (
    processes.kill_some_process,
    processes.kill_all_services,
    processes.ask_worker_to_stop,
    valkey.kill_valkey,
    postgres.kill_postgres,
)


def impossible_faults(*, has_disks: bool, has_power: bool) -> dict[Fault, str]:
    """The kinds of fault that are left out on this machine, and why."""
    out: dict[Fault, str] = {}
    if not has_disks:
        out |= dict.fromkeys(ON_SMALL_DISKS, "nobody may mount a small file system here")
    if not has_power:
        out |= dict.fromkeys(ON_DEVICES, "nobody may mount block devices here")
    return out


_TRIES: Final = 6
_AND_ON: Final = 0.35
"""How many faults the next one follows before the platform is over them."""
_LANE_SECONDS: Final = 10.0


@dataclass
class Course:
    """What was done, and how long the platform took to be over it."""

    done: Counter[str] = field(default_factory=Counter)
    disturbances: Disturbances = field(default_factory=Disturbances)
    never: list[str] = field(default_factory=list)
    """What could not be done."""
    restless: bool = False
    """Whether it has been waited in vain for all to come to rest."""

    @property
    def recoveries(self) -> list[tuple[float, str]]:
        """Seconds that the platform took to be over a fault, and its kind."""
        return self.disturbances.recoveries

    @property
    def stuck(self) -> list[str]:
        """What the platform did not get over by its bound."""
        return self.disturbances.stuck


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
        self.course = Course()

    async def run(self, seconds: float) -> None:
        """Do each kind once in a shuffled order, and go on until `seconds` are over.

        Kinds left over by then come in lanes, several at a time, so that a slow machine does not take for ever; in each
        lane the next one when the platform is over the one before, or ten seconds later unless something takes long.
        Once something is lost for good there are no further faults: what is lost holds each recovery up.
        """
        ends = time.monotonic() + seconds
        waiting = list(self._faults)
        self._random.shuffle(waiting)
        while time.monotonic() < ends and not self._hopeless:
            fault = waiting.pop() if waiting else self._random.choice(self._faults)
            done = await self._one(fault, 1.0 if self._random.random() < _AND_ON else MOST)
            if not done and not self.course.done[fault.__name__]:
                waiting.insert(0, fault)
        await asyncio.gather(*(self._do_all([fault for fault in waiting if fault in lane]) for lane in LANES))

    async def drill(self, drill: Fault) -> None:
        """Do this one thing."""
        if not await self._one(drill, MOST):
            self.course.never.append(f"could not be done: {drill.__name__}")

    @property
    def _hopeless(self) -> bool:
        return bool(self._ledger.given_up or self.course.stuck or self._lab.found)

    async def _do_all(self, waiting: list[Fault]) -> None:
        tries = Counter(dict.fromkeys((fault.__name__ for fault in waiting), _TRIES))
        while waiting and not self._hopeless:
            fault = waiting.pop()
            if await self._one(fault, _LANE_SECONDS):
                while self.course.disturbances.pressing and not self._hopeless:
                    await asyncio.sleep(0.2)
                continue
            tries[fault.__name__] -= 1
            if tries[fault.__name__]:
                waiting.insert(0, fault)
                await asyncio.sleep(1)
            else:
                self.course.never.append(f"could not be done: {fault.__name__}")

    async def _one(self, fault: Fault, patience: float) -> bool:
        name, begun = fault.__name__, time.monotonic()
        disturbances = self.course.disturbances
        self._lab.hands.note(name)
        try:
            with disturbances.going_on(name):
                # A lot of its own, so that faults of other lanes change nothing about it.
                await fault(self._lab, random.Random(f"{self._seed} {name} {self.course.done[name]}"))
        except Exception as error:
            # The rig itself speaks to servers that an earlier fault has taken away.
            self._say(f"{name:24} not done: {type(error).__name__}: {error}")
            self._lab.hands.note(name)
            await self._lab.settled_servers()
            return False
        self._lab.hands.note(name)
        self.course.done[name] += 1
        took, disturbance = time.monotonic() - begun, disturbances.begin(name)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await disturbance.ended.wait()
        if disturbance.ended.is_set():
            over = disturbance.seconds
            said = "not over it in time" if over is None else f"over it after {over:.1f} s"
        else:
            said = "and on"
        self._say(f"{name:24} {took:5.1f} s, {said}")
        return True
