"""The clock of the databases' host is stepped: ahead, back, behind, and in small steps right again.

For as long as that takes PostgreSQL runs under Debian's `libfaketime`, which reads the offset out of a file at each
look at the clock. Clocks that only ever run on (the monotonic ones) stay as they are.
"""

import asyncio
import os
import random
import shutil
import signal
import sys
import time
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import asyncpg

from tests.faults.checks.expectations import Finding
from tests.faults.fault_injectors.cut_off import holds_lease, let_it_publish
from tests.faults.lab import PATIENCE, Lab

STEP_SECONDS: Final = 600.0
"""Longer than anybody waits here, so that whatever waits for that clock is found to be stuck."""
_PACKAGE: Final = "faketime/libfaketime.so.1"
_WORK_SECONDS: Final = 6.0
_SMALL_STEPS: Final = 100
_TRIES: Final = 20
_AT_REST: Final = 1.0
_WITHIN_ONE: Final = (
    "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user "
    "AND state LIKE 'idle in transaction%' AND clock_timestamp() - state_change > $1"
)
_OFF_BY: Final = 5.0
"""So many seconds may pass between the offset and the look whether it is there."""


def library() -> Path | None:
    """What lies about the clock: `make faults` puts it beside the environment, and Debian's package into the system."""
    candidates = [Path(sys.prefix) / _PACKAGE, *Path("/usr/lib").glob(f"*/{_PACKAGE}")]
    return next((file for file in candidates if file.exists()), None)


async def step_database_clock(lab: Lab, lot: random.Random) -> None:
    """A worker stands still that took its lease while the clock was ahead: when it is right again, others take over."""
    service = lot.choice(("referral", "notifications"))
    extra = lab.worker_like(service, 8)
    folder = _prepare(lab)
    _set(folder, 0)
    lab.hands.postgres_environment = _environment(folder)
    try:
        await _restart(lab)
        await _step(lab, folder, STEP_SECONDS)
        await let_it_publish(lab, service, extra)
        await _stand_still(lab, service, extra.name)
        await _step(lab, folder, 0)
        await _until_taken_over(lab, service, extra.name)
        lab.hands.signal(extra.name, signal.SIGCONT)
        await _step(lab, folder, -STEP_SECONDS)
        await asyncio.sleep(_WORK_SECONDS)
        await _return(folder)
    finally:
        lab.hands.signal(extra.name, signal.SIGCONT)
        await lab.hands.stop([extra.name], grace=5)
        lab.hands.postgres_environment = {}
        await _restart(lab)


def _prepare(lab: Lab) -> Path:
    """A folder that the databases' account can read, with the library in it."""
    folder, found = lab.data.root / "clock", library()
    if found is None:
        raise RuntimeError("there is no libfaketime, which `make faults` takes out of Debian's package")
    folder.mkdir(mode=0o755, exist_ok=True)
    shutil.copyfile(found, folder / found.name)
    return folder


def _environment(folder: Path) -> dict[str, str]:
    return {
        "LD_PRELOAD": str(folder / Path(_PACKAGE).name),
        "FAKETIME_TIMESTAMP_FILE": str(folder / "offset"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "FAKETIME_DISABLE_SHM": "1",
        "NO_FAKE_STAT": "1",
    }


def _set(folder: Path, offset: float) -> None:
    """By so many seconds the databases' clock is ahead from now on; whoever reads it meanwhile sees old or new."""
    draft = folder / "draft"
    draft.write_text(f"{offset:+.3f}\n")
    draft.chmod(0o644)
    os.replace(draft, folder / "offset")


async def _restart(lab: Lab) -> None:
    lab.hands.signal("postgres", signal.SIGINT)
    await asyncio.sleep(0.5)
    await lab.settled_servers()


async def _step(lab: Lab, folder: Path, offset: float) -> None:
    """Step the clock, and see that it went. Raises RuntimeError where it did not."""
    lab.hands.note(step_database_clock.__name__)
    _set(folder, offset)
    for _ in range(20):
        with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):  # another fault
            [row] = await lab.query("catalog", "SELECT extract(epoch FROM clock_timestamp())::float AS now")
            if abs(row["now"] - time.time() - offset) < _OFF_BY:
                return
            raise RuntimeError(f"the databases' clock is ahead by {row['now'] - time.time():.1f} s, not {offset:.1f}")
        await asyncio.sleep(0.5)
    raise TimeoutError("the databases do not say what their clock shows")


async def _stand_still(lab: Lab, service: str, name: str) -> None:
    """Let a worker stand still between two transactions. Raises TimeoutError where it is always within one.

    In the middle of one it has a lock upon its lease until PostgreSQL ends it, and PostgreSQL measures how long it has
    waited by the very clock that is set back: for ten minutes more nobody could take over.
    """
    for _ in range(_TRIES):
        lab.hands.signal(name, signal.SIGSTOP)
        await asyncio.sleep(_AT_REST)
        if not await lab.query(service, _WITHIN_ONE, timedelta(seconds=_AT_REST / 2)):
            return
        lab.hands.signal(name, signal.SIGCONT)
        await asyncio.sleep(0.3)
    raise TimeoutError(f"in vain waited for {name} to be between two transactions")


async def _until_taken_over(lab: Lab, service: str, name: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while await holds_lease(lab, service, name):
        if time.monotonic() > deadline:
            what = f"nobody took over from {name}, which stands still, for {PATIENCE:.0f} s"
            lab.found.append(Finding("stuck", f"{what} after the databases' clock was set back"))
            return
        await asyncio.sleep(0.5)


async def _return(folder: Path) -> None:
    """From behind to right, at many times the speed of time and never backwards."""
    for left in range(_SMALL_STEPS - 1, -1, -1):
        _set(folder, -STEP_SECONDS * left / _SMALL_STEPS)
        await asyncio.sleep(_WORK_SECONDS / _SMALL_STEPS)
