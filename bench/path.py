"""The event path: how many events a second come from a committed outbox row to a committed effect."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bench.testbed import CONSUMER, Event, Testbed

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 30.0
_WARM_UP = 3


@dataclass(frozen=True)
class Setup:
    """One contender in one shape. `batch` is None for task queues, which take one task at a time."""

    contender: str
    workers: int
    batch: int | None = None


class Hosts:
    """The loaded processes of the contenders that fork."""

    def __init__(self, modules: list[str], log: Path) -> None:
        self._log = log.open("ab")
        self._hosts = {module: self._start(module) for module in modules}

    def _start(self, module: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bench.host", module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=_ROOT,
        )

    def ask(self, module: str, **task: Any) -> str:
        """Send one line; returns the answer."""
        host = self._hosts[module]
        assert host.stdin
        assert host.stdout
        host.stdin.write(json.dumps(task) + "\n")
        host.stdin.flush()
        while (answer := host.stdout.readline().strip()) == "loaded":
            pass
        return answer

    def close(self) -> None:
        """End the hosts."""
        for host in self._hosts.values():
            host.kill()
            host.wait()
        self._log.close()


@contextmanager
def hosts(modules: list[str], log: Path) -> Iterator[Hosts]:
    """Loaded hosts for as long as the block runs."""
    running = Hosts(modules, log)
    try:
        yield running
    finally:
        running.close()


@dataclass(frozen=True)
class Result:
    """`rate` in events a second; `cpu_us`: processor time per event of the contender's own processes."""

    rate: float
    cpu_us: float
    load: float


class Forked:
    """Workers of a contender that forks: one relays, the others consume."""

    def __init__(self, testbed: Testbed, running: Hosts, setup: Setup, events: list[Event], scratch: Path) -> None:
        self._testbed, self._running, self._setup, self._events = testbed, running, setup, events
        self._scratch = scratch
        self.pids: list[int] = []

    async def start(self) -> None:
        """Start them and wait until all are ready."""
        roles = [
            ("relay", self._testbed.producer_url),
            *[("consume", self._testbed.consumer_url)] * self._setup.workers,
        ]
        ready = [self._scratch / f"ready-{number}" for number in range(len(roles))]
        for number, (role, url) in enumerate(roles):
            ready[number].unlink(missing_ok=True)
            task = {
                "role": role,
                "database_url": url,
                "redis_urls": self._testbed.redis_urls,
                "batch": self._setup.batch,
            }
            name = {"name": f"{CONSUMER}-{number}", "ready": str(ready[number])}
            self.pids.append(int(self._running.ask(self._setup.contender, **task, **name)))
        async with asyncio.timeout(_PATIENCE):
            while not all(path.exists() for path in ready):
                await asyncio.sleep(0.02)

    async def send(self, begin: int, end: int) -> None:
        """Commit those events to the outbox."""
        await self._testbed.record(self._events[begin:end])

    def stop(self) -> None:
        """Kill them."""
        for pid in self.pids:
            os.kill(pid, signal.SIGKILL)
        self._running.ask(self._setup.contender, role="reap")


async def run_once(testbed: Testbed, workers: Any, setup: Setup, count: int) -> Result:
    """One run: workers are idle, all events are there at once, and the last committed effect ends it.

    Raises Stuck when effects stay out, or when one is there twice.
    """
    try:
        await workers.start()
        warm = _WARM_UP * setup.workers * (setup.batch or 10)
        await workers.send(0, warm)
        await testbed.effects(warm)
        spent, begun = _processor_seconds(workers.pids), time.monotonic()
        await workers.send(warm, warm + count)
        ended = await testbed.effects(warm + count)
        spent = _processor_seconds(workers.pids) - spent
        await testbed.check(warm + count)
    finally:
        workers.stop()
    return Result(count / (ended - begun), 1e6 * spent / count, os.getloadavg()[0])


def _processor_seconds(pids: list[int]) -> float:
    total = 0.0
    for pid in pids:
        family = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
        total += sum(times.user + times.system for times in (each.cpu_times() for each in family))
    return total
