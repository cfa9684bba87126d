"""Disks whose syncs take seconds, beyond a lease."""

import asyncio
import random
from pathlib import Path
from typing import Final

from tests.faults.checks.repeats import EXPLAINED_SECONDS
from tests.faults.fault_injectors.processes import start_to_work
from tests.faults.lab import Lab

_SECONDS: Final = 8
"""Longer than a relay's lease, and than it waits for an answer of the streams."""
_LONG_SECONDS: Final = 14
"""So long that the lease of a relay runs out whose commit begins in the first half of that."""
_AT_MOST: Final = 5
"""Times that the databases wait; mostly the lease has gone to another worker after one or two."""
_AFTERWARDS: Final = EXPLAINED_SECONDS + 5
"""Until nothing explains any more that something is told twice, and on."""
_HOLDER: Final = "SELECT holder FROM leases WHERE name = 'relay'"


async def slow_syncs(lab: Lab, lot: random.Random) -> None:
    """Whatever is written or synced waits for seconds: under the databases, then under the append-only file.

    A relay whose commit waits for the disk, as before it trims, loses its lease meanwhile to another worker of the
    service. Afterwards both work on, one of them without the lease.
    """
    service = lot.choice(("referral", "notifications"))
    extra = lab.worker_like(service, 6)
    try:
        await start_to_work(lab, extra)
        before = await lab.query(service, _HOLDER)
        for _ in range(_AT_MOST):
            await _freeze(lab, lab.data.postgres, _LONG_SECONDS)
            if await lab.query(service, _HOLDER) != before:
                break
        await _freeze(lab, lab.data.valkey, _SECONDS)
        await asyncio.sleep(_AFTERWARDS)
    finally:
        await lab.hands.stop([extra.name], grace=5)


async def _freeze(lab: Lab, folder: Path, seconds: int) -> None:
    lab.hands.note(slow_syncs.__name__)  # each time, what got no answer is sent again
    # A program of its own, which lets go whatever happens to this one: it might wait for that very disk.
    script = f'{{ fsfreeze -f "$0" && sleep {seconds}; }} || exit 1; fsfreeze -u "$0"; sleep 0.5'
    freezing = await asyncio.create_subprocess_exec("sh", "-c", script, str(folder), start_new_session=True)
    if await freezing.wait():
        raise RuntimeError(f"{folder} could not be frozen")
    await lab.settled_servers()
