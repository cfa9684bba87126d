"""One worker is cut off from both servers while another goes on."""

import asyncio
import contextlib
import random
import signal
import time
from typing import Final

from redis.exceptions import RedisError

from luotsi.platform.process import ProcessSpec
from shared.services import groups_of, streams
from tests.faults.checks.expectations import Finding
from tests.faults.checks.repeats import EXPLAINED_SECONDS
from tests.faults.fault_injectors.processes import start_to_work
from tests.faults.lab import PATIENCE, Lab, read_ports
from tests.faults.proxy import Proxy

_AT_LEAST: Final = 13.0
"""Longer than a lease, and than the janitor waits."""
_AFTERWARDS: Final = EXPLAINED_SECONDS + 5
"""It has no lease then, and nothing explains any more that it publishes."""
_HOLDS: Final = "SELECT 1 FROM leases WHERE name = 'relay' AND holder = $1"


async def cut_one_worker_off(lab: Lab, lot: random.Random) -> None:
    """Its connections are dead and nobody is told: others take over its lease, and what it had in hand."""
    service = lot.choice(("referral", "notifications"))
    extra = lab.worker_like(service, 5)
    ports = read_ports(lab.data)
    wires = lab.hands.own_wires[extra.name] = {kind: Proxy(ports[kind]) for kind in ("postgres", "valkey")}
    for wire in wires.values():
        await wire.start()
    try:
        await let_it_publish(lab, service, extra)
        for wire in wires.values():
            wire.half_open()
        cut_at = time.monotonic()
        await asyncio.sleep(_AT_LEAST)
        if held := await _held_in_vain(lab, service, extra.name, cut_at + PATIENCE):
            lab.found.append(Finding("stuck", f"nobody took over what {extra.name} has, which is cut off: {held}"))
        for wire in wires.values():
            wire.heal()
        await asyncio.sleep(_AFTERWARDS)
    finally:
        await lab.hands.stop([extra.name], grace=5)
        for wire in wires.values():
            await wire.stop()


async def let_it_publish(lab: Lab, service: str, extra: ProcessSpec) -> None:
    """Start a worker, and let the other one begin anew, so that this one has the lease. Raises TimeoutError."""
    await start_to_work(lab, extra)
    deadline = time.monotonic() + PATIENCE
    while not await holds_lease(lab, service, extra.name):
        if time.monotonic() > deadline:
            raise TimeoutError(f"in vain waited for {extra.name} to publish")
        lab.hands.signal(f"{service}-worker", signal.SIGTERM)
        await asyncio.sleep(2.5)
    await asyncio.sleep(2)


async def holds_lease(lab: Lab, service: str, name: str) -> bool:
    """Whether the relay's lease is that worker's; False where nobody can say."""
    with contextlib.suppress(Exception):  # a server that another fault has taken away
        return bool(await lab.query(service, _HOLDS, name))
    return False


async def _held_in_vain(lab: Lab, service: str, name: str, deadline: float) -> str:
    """What it still has though it is cut off; waits until that is nothing."""
    while held := await _held(lab, service, name):
        if time.monotonic() > deadline:
            return ", ".join(held)
        await asyncio.sleep(0.5)
    return ""


async def _held(lab: Lab, service: str, name: str) -> list[str]:
    held = ["the relay's lease"] if await holds_lease(lab, service, name) else []
    for stream in streams():
        if service in groups_of(stream):
            with contextlib.suppress(RedisError):
                for consumer in await lab.redis.xinfo_consumers(stream, service):
                    if consumer["name"] == name.encode() and consumer["pending"]:
                        held.append(f"{consumer['pending']} entries of {stream}")
    return held
