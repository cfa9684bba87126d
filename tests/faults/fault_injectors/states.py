"""States that arrive in the wrong order, of an organisation that nobody else speaks of: the newest has to stay."""

import asyncio
import contextlib
import json
import random
import time
from uuid import UUID

from faststream.redis.message import DATA_KEY

from shared.events.catalog import OrganizationState
from shared.ids import new_id
from shared.services import readers
from tests.builders import names
from tests.faults.checks.expectations import CATALOG, CONSUMERS, Finding
from tests.faults.fault_injectors.entries import made_up
from tests.faults.lab import Lab
from tests.faults.poison import COPIED

_TYPE = CATALOG[0]
_COPYING = [consumer for consumer, types in CONSUMERS["catalog"].items() if _TYPE in types]
_ORDER = ((1, 2, (1, 2)), (1, 1, (1, 2)), (2, 1, (2, 1)), (1, 3, (2, 1)), (2, 2, (2, 2)))
"""Epoch and version of each state, as they come one by one; and which of them a copy has to be of then.

The second is older. The third is of a database that was restored; the fourth is what the one before it had told last.
"""
_PATIENCE = 30.0


async def tell_states_in_disorder(lab: Lab, lot: random.Random) -> None:
    """An older state after a newer one, and what a restored database tells with a lower version."""
    stranger = new_id()
    lab.forged.add(stranger)
    state = OrganizationState(id=stranger, slug=f"stranger-{stranger.hex}", name=names("stranger"), active=True)
    async with lab.copies:
        for epoch, sequence, expected in _ORDER:
            event = made_up(_TYPE, state.model_dump(mode="json"))
            event |= {"id": str(new_id()), "subject": str(stranger), "epoch": epoch, "sequence": sequence}
            lab.forged.add(UUID(event["id"]))
            await lab.redis.xadd("catalog.events", {DATA_KEY: json.dumps(event), COPIED: b"1"})
            for service in _COPYING:
                await _until_dealt_with(lab, service, UUID(event["id"]))
                [row] = await lab.query(service, "SELECT epoch, sequence FROM organizations WHERE id = $1", stranger)
                if (row["epoch"], row["sequence"]) != expected:
                    what = f"{service} took state {(epoch, sequence)} and has {(row['epoch'], row['sequence'])}"
                    lab.found.append(Finding("wrong", f"{what} instead of {expected} of an organisation"))
                    return


async def _until_dealt_with(lab: Lab, service: str, event: UUID) -> None:
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):  # a server that another fault has taken away
            if await lab.query(service, "SELECT 1 FROM inbox WHERE event_id = $1", event):
                return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"in vain waited for {service} to deal with {event}")


async def forget_strangers(lab: Lab) -> None:
    """Take away what was never there, before the books are checked."""
    for service in readers():
        for sql in ("DELETE FROM organizations WHERE id = ANY($1)", "DELETE FROM inbox WHERE event_id = ANY($1)"):
            if service in _COPYING:
                await lab.query(service, sql, list(lab.forged), as_owner=True)
