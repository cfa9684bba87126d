"""Faults of processes: killed at random, frozen, asked to stop in the middle of their work, scaled out and in."""

import asyncio
import random
import signal
import time
from dataclasses import replace
from pathlib import Path

from luotsi.platform.process import ProcessSpec
from tests.faults.checks.versions import how_often_used
from tests.faults.hands import WEBS, WORKERS
from tests.faults.lab import PATIENCE, Lab

FROZEN_SECONDS = 13.0
"""Longer than the janitor's patience in `process.py`, so that what a frozen worker holds is taken from it."""


async def kill_some_process(lab: Lab, lot: random.Random) -> None:
    """`kill -9` of any process of the services."""
    lab.hands.signal(lot.choice((*WORKERS, *WEBS)), signal.SIGKILL)


async def kill_all_services(lab: Lab, lot: random.Random) -> None:
    """`kill -9` of every process of the services at once."""
    for name in (*WORKERS, *WEBS):
        lab.hands.signal(name, signal.SIGKILL)


async def ask_worker_to_stop(lab: Lab, lot: random.Random) -> None:
    """SIGTERM to a worker while it is at work."""
    lab.hands.signal(lot.choice(WORKERS), signal.SIGTERM)


async def freeze_worker(lab: Lab, lot: random.Random) -> None:
    """SIGSTOP for longer than the janitor waits, while a second worker of the service is there to take over."""
    service = lot.choice(("referral", "notifications"))
    extra = lab.worker_like(service, 2)
    lab.hands.start(extra)
    lab.hands.signal(f"{service}-worker", signal.SIGSTOP)
    await asyncio.sleep(FROZEN_SECONDS)
    lab.hands.signal(f"{service}-worker", signal.SIGCONT)
    await lab.hands.stop([extra.name], grace=5)


async def freeze_all_workers(lab: Lab, lot: random.Random) -> None:
    """SIGSTOP for a moment: leases run out and connections grow old."""
    for name in WORKERS:
        lab.hands.signal(name, signal.SIGSTOP)
    await asyncio.sleep(FROZEN_SECONDS / 3)
    for name in WORKERS:
        lab.hands.signal(name, signal.SIGCONT)


async def scale_out_and_in(lab: Lab, lot: random.Random) -> None:
    """One worker, then four, then one again; of those that go, one is killed and never comes back."""
    service = lot.choice(("referral", "notifications"))
    extra = [lab.worker_like(service, number) for number in (2, 3, 4)]
    try:
        await start_to_work(lab, *extra)
        await asyncio.sleep(6)
    finally:
        await lab.hands.stop([extra[0].name], grace=0)
        await lab.hands.stop([spec.name for spec in extra[1:]], grace=5)


async def two_of_one_name(lab: Lab, lot: random.Random) -> None:
    """A second worker under the name of the first, as of a second stack: it says so and waits, until the first ends."""
    service = lot.choice(("referral", "notifications"))
    first, extra = f"{service}-worker", lab.worker_like(service, 7)
    extra = replace(extra, env={**extra.env, "WORKER_NAME": first})
    # Whichever is the second: the first may just end.
    logs = {log: len(_read(log)) for log in (lab.data.log(first), lab.data.log(extra.name))}
    lab.hands.start(extra)
    try:
        deadline = time.monotonic() + PATIENCE
        while not any(f"is called {first}".encode() in _read(log)[before:] for log, before in logs.items()):
            if time.monotonic() > deadline:
                raise TimeoutError("in vain waited for the second worker of a name to say so")
            await asyncio.sleep(0.2)
        await asyncio.sleep(4)
        lab.hands.signal(first, signal.SIGTERM)
        await asyncio.sleep(4)
    finally:
        await lab.hands.stop([extra.name], grace=5)


def _read(log: Path) -> bytes:
    return log.read_bytes() if log.exists() else b""


async def start_to_work(lab: Lab, *workers: ProcessSpec) -> None:
    """Start workers, and wait until all are at work. Raises TimeoutError."""
    for spec in workers:
        heartbeat(lab, spec.name).unlink(missing_ok=True)
        lab.hands.start(spec)
    async with asyncio.timeout(PATIENCE):
        while not all(heartbeat(lab, spec.name).exists() for spec in workers):
            await asyncio.sleep(0.2)


def heartbeat(lab: Lab, name: str) -> Path:
    """What a worker that is at work touches again and again."""
    return lab.data.root / f"{name}.heartbeat"


async def two_versions(lab: Lab, lot: random.Random) -> None:
    """The next version of publisher and consumer works beside this one: its events carry more, and it makes use of it.

    It goes on until the newer consumer has used the new field of some event.
    """
    before = await how_often_used(lab)
    extra = lab.worker_like("notifications", 9)
    lab.hands.variants = {"referral-web": "newer", extra.name: "newer", "catalog-web": "newer"}
    lab.hands.signal("referral-web", signal.SIGTERM)
    lab.hands.signal("catalog-web", signal.SIGTERM)
    lab.hands.start(extra)
    try:
        await asyncio.sleep(6)
        for _ in range(300):
            if await how_often_used(lab) > before:
                break
            await asyncio.sleep(0.2)
        else:
            raise TimeoutError("in vain waited for the newer consumer to use its new field")
    finally:
        lab.hands.variants = {}
        lab.hands.signal("referral-web", signal.SIGTERM)
        lab.hands.signal("catalog-web", signal.SIGTERM)
        await lab.hands.stop([extra.name], grace=5)
