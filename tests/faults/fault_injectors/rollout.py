"""An update under traffic: the former version's processes on this version's tables, then one by one this version's.

Its code comes out of git: `tests/upgrade/former.toml` names the commit.
"""

import asyncio
import contextlib
import random
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import asyncpg
import httpx2

from tests.faults.fault_injectors.processes import heartbeat
from tests.faults.hands import FORMER, WEBS, WORKERS
from tests.faults.lab import PATIENCE, Lab
from tests.upgrade.former import put_tree

_BUSY: Final = 8
"""So many events, told and dealt with by the former version, are enough to go on."""
_HOW_MUCH: Final = {
    "referral": "SELECT coalesce(max(id), 0) FROM outbox",
    "notifications": "SELECT count(*) FROM inbox WHERE consumer = 'notifications'",
}


async def roll_from_former(lab: Lab, lot: random.Random) -> None:
    """All processes are of the former version, one is killed at work; then each half is rolled to this one."""
    everything = [*WEBS, *WORKERS]
    if not lab.hands.former_tree.exists():
        await asyncio.to_thread(put_tree, lab.hands.former_tree)
    try:
        lab.hands.variants = dict.fromkeys(everything, FORMER)
        await _restart(lab, everything, former=True)
        await _until_busy(lab)
        lab.hands.signal(lot.choice(everything), signal.SIGKILL)
        await _until_busy(lab)
        lot.shuffle(everything)  # nobody promises in which order
        half = len(everything) // 2
        for some in (everything[:half], everything[half:]):
            await _roll(lab, some)
    finally:
        lab.hands.variants = {}
    await _restart(lab, everything, former=False)


async def _roll(lab: Lab, names: list[str]) -> None:
    for name in names:
        del lab.hands.variants[name]
        heartbeat(lab, name).unlink(missing_ok=True)
    await _restart(lab, names, former=False)

    async def all_are_ready() -> bool:
        return all([await _is_ready(lab, name) for name in names])

    await _until(all_are_ready, f"{', '.join(names)} to be ready")


async def _restart(lab: Lab, names: list[str], *, former: bool) -> None:
    """Ask those of the other version to stop, until each is of this one."""

    async def all_are() -> bool:
        versions = {name: _is_former(lab, name) for name in names}
        for name, version in versions.items():
            if version is (not former):
                lab.hands.signal(name, signal.SIGTERM)
        return set(versions.values()) == {former}

    await _until(all_are, f"{', '.join(names)} of the other version", pause=1.0)


def _is_former(lab: Lab, name: str) -> bool | None:
    """Whether the process runs the former version's code; None while it is not there."""
    with contextlib.suppress(OSError):
        if lab.hands.running(name):
            return Path(f"/proc/{lab.hands.children[name].pid}/cwd").readlink() == lab.hands.former_tree
    return None


async def _is_ready(lab: Lab, name: str) -> bool:
    service, _, kind = name.partition("-")
    if kind == "worker":
        return heartbeat(lab, name).exists()
    async with httpx2.AsyncClient(base_url=lab.urls[service], timeout=5) as client:
        with contextlib.suppress(httpx2.HTTPError):
            return (await client.get("/livez")).status_code == 200
    return False


async def _until_busy(lab: Lab) -> None:
    """Wait until the processes that run now have told and dealt with some events."""
    before: dict[str, int] = {}

    async def more() -> bool:
        counts = {service: int((await lab.query(service, sql))[0][0]) for service, sql in _HOW_MUCH.items()}
        before.update({service: count for service, count in counts.items() if service not in before})
        return all(count >= before[service] + _BUSY for service, count in counts.items())

    await _until(more, "events told and dealt with by the former version")


async def _until(holds: Callable[[], Awaitable[bool]], what: str, pause: float = 0.3) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            if await holds():
                return
        await asyncio.sleep(pause)
    raise TimeoutError(f"in vain waited for {what}")
