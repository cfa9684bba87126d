"""Restore of one database from a backup of the middle of the day, while the others are ahead."""

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from tests.faults.checks.rewound import Rewound
from tests.faults.checks.snapshot import read_log
from tests.faults.drills.operator import Operator
from tests.faults.lab import Lab

_WORK: float = 12.0
"""Seconds of work that are lost."""
_TRIES = 9


async def restore_referral(lab: Lab, lot: random.Random) -> None:
    """The referrals, their texts and clients: others have told people of what is lost."""
    await _restore("referral", lab)


async def restore_catalog(lab: Lab, lot: random.Random) -> None:
    """The facts that all others keep copies of, which are newer than their source."""
    await _restore("catalog", lab)


async def _restore(service: str, lab: Lab) -> None:
    operator = Operator(lab)
    safe = frozenset(event.id for event in await read_log(lab, service))
    async with lost_after_a_backup(lab, operator, service):
        before, lost_at = await read_log(lab, service), time.time()
        await put_back(operator, service)
        lab.rewound.append(Rewound(service, safe, tuple(before), tuple(await read_log(lab, service)), lost_at))


async def _nothing() -> None:
    pass


@asynccontextmanager
async def lost_after_a_backup(
    lab: Lab, operator: Operator, service: str, meanwhile: Callable[[], Awaitable[None]] = _nothing
) -> AsyncIterator[None]:
    """A backup, some work and what is done `meanwhile`, the ledger; then nothing works in the database in the block."""
    await operator.luotsi("backup", "make")
    await meanwhile()
    await asyncio.sleep(_WORK)
    await operator.luotsi("backup", "ledger")
    lab.rewinding = True
    names = await operator.stop(service)
    try:
        await asyncio.sleep(1)  # who was answered has written it down
        yield
    finally:
        operator.start(names)


async def put_back(operator: Operator, service: str, *options: str) -> None:
    """Restore. The rig itself looks into the database now and then, and that is refused as if it were a process."""
    command = ("restore", "one", service, "--replace", "--identity", str(operator.identity), *options)
    for left in range(_TRIES, -1, -1):
        try:
            await operator.luotsi(*command)
        except RuntimeError as error:
            if "is at work in its database" not in str(error) or not left:
                raise
            await asyncio.sleep(0.5)
        else:
            return
