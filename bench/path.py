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

from bench.ground import CONSUMER, Event, Ground

_ROOT = Path(__file__).resolve().parent.parent
_PATIENCE = 30.0
_WARM_UP = 10


@dataclass(frozen=True)
class Way:
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


async def run_once(ground: Ground, running: Hosts, way: Way, events: list[Event], scratch: Path) -> float:
    """Events a second of one run: workers start idle, all events are committed at once, the last effect ends it."""
    await ground.empty()
    pids = await _start_workers(ground, running, way, scratch)
    try:
        warm = _WARM_UP * way.workers * (way.batch or 1)
        await ground.record(events[:warm])
        await ground.effects(warm)
        rest = events[warm:]
        begun = time.monotonic()
        await ground.record(rest)
        ended = await ground.effects(len(events))
        await ground.check(len(events))
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        running.ask(way.contender, role="reap")
    return len(rest) / (ended - begun)


async def _start_workers(ground: Ground, running: Hosts, way: Way, scratch: Path) -> list[int]:
    roles = [("relay", ground.producer_url), *[("consume", ground.consumer_url)] * way.workers]
    pids, ready = [], []
    for number, (role, url) in enumerate(roles):
        ready.append(scratch / f"ready-{number}")
        ready[-1].unlink(missing_ok=True)
        task = {"role": role, "database_url": url, "redis_urls": ground.redis_urls, "batch": way.batch}
        pids.append(int(running.ask(way.contender, **task, name=f"{CONSUMER}-{number}", ready=str(ready[-1]))))
    deadline = time.monotonic() + _PATIENCE
    while not all(path.exists() for path in ready):
        if time.monotonic() > deadline:
            raise TimeoutError(f"{way} did not become ready")
        await asyncio.sleep(0.02)
    return pids
