"""A disk whose syncs take seconds, beyond a lease."""

import asyncio
import random
from typing import Final

from tests.faults.lab import Lab

_SECONDS: Final = 8
"""Longer than a relay's lease."""
_TIMES: Final = 2


async def slow_syncs(lab: Lab, lot: random.Random) -> None:
    """Whatever is written or synced under databases or append-only file waits for seconds, again and again.

    Another worker of the service is there, to whom a lease could go meanwhile.
    """
    folder = lot.choice((lab.data.postgres, lab.data.valkey))
    extra = lab.worker_like(lot.choice(("referral", "notifications")), 6)
    lab.hands.start(extra)
    try:
        # A program of its own, which lets go whatever happens to this one: it might wait for that very disk.
        script = f'{{ fsfreeze -f "$0" && sleep {_SECONDS}; }} || exit 1; fsfreeze -u "$0"; sleep 0.5'
        for _ in range(_TIMES):
            lab.hands.note(slow_syncs.__name__)  # each time, what got no answer is sent again
            freezing = await asyncio.create_subprocess_exec("sh", "-c", script, str(folder), start_new_session=True)
            if await freezing.wait():
                raise RuntimeError(f"{folder} could not be frozen")
    finally:
        await lab.hands.stop([extra.name], grace=5)
    await lab.settled_servers()
