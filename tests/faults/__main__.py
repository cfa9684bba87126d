"""`python -m tests.faults --seed 1 --minutes 2`: one run of the fault rig; exit status 0 when all was kept."""

import argparse
import asyncio
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvloop

from luotsi.data_dir import temporary_data
from tests.faults.actors import Day
from tests.faults.cast import gather_cast
from tests.faults.harm.entries import poison
from tests.faults.harm.surroundings import fill_disk
from tests.faults.lab import Lab, running_lab
from tests.faults.ledger import Ledger
from tests.faults.points import POINTS
from tests.faults.report import Outcome, judge
from tests.faults.schedule import HARMS, Harm, Marksman, Schedule


def main() -> None:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--only", default="", help="kinds of fault, with commas between; all by default")
    parser.add_argument("--no-points", action="store_true", help="no kills at named moments")
    parser.add_argument("--keep", type=Path, help="folder for the logs and the ledger of a run that failed")
    parser.add_argument("--sabotage", action="store_true", help="plant lies at the end, to see them found")
    asked = parser.parse_args()
    with temporary_data() as root, small_disk(root / "valkey") as has_disk:
        outcome = uvloop.run(run(root, asked, has_disk))
        outcome.show()
        if not outcome.well and asked.keep:
            outcome.keep(root, asked.keep)
    sys.exit(0 if outcome.well else 1)


async def run(root: Path, asked: argparse.Namespace, has_disk: bool) -> Outcome:
    """One run: everybody works, faults happen, all comes to rest, and then the books are checked."""
    begun, task = time.monotonic(), asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # the disk is unmounted then, too

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} {text}", flush=True)

    harms: tuple[Harm, ...] = (*HARMS, fill_disk) if has_disk else HARMS
    if asked.only:
        harms = tuple(harm for harm in harms if harm.__name__ in asked.only.split(","))
    async with running_lab(root) as lab:
        ledger = Ledger()
        cast = await gather_cast(lab, ledger)
        say("everybody is at work")
        day, schedule = Day(cast, asked.seed), Schedule(lab, asked.seed, harms, say)
        day.begin()
        shooting = asyncio.create_task(_shoot(lab, asked))
        await schedule.run(60 * asked.minutes)
        shooting.cancel()
        with suppress(asyncio.CancelledError):
            await shooting
        say("the faults are over")
        if not asked.only:
            await poison(lab, random.Random(asked.seed))  # none of this can be lost with a server's memory
        await day.end()
        outcome = await judge(lab, ledger, cast, schedule.course, say, lies=asked.sabotage)
        outcome.needs_points = () if asked.no_points or asked.only else tuple(POINTS)
        await cast.close()
        return outcome


async def _shoot(lab: Lab, asked: argparse.Namespace) -> None:
    if not asked.no_points:
        await Marksman(lab, asked.seed).run()


@contextmanager
def small_disk(folder: Path) -> Iterator[bool]:
    """A file system of a few megabytes at `folder`, where the caller may mount one; yields whether there is one."""
    folder.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=96m,mode=0700", "tmpfs", str(folder)], capture_output=True, check=False
    )
    has_disk = mounted.returncode == 0
    try:
        yield has_disk
    finally:
        if has_disk:
            subprocess.run(["umount", str(folder)], check=False)


if __name__ == "__main__":
    main()
