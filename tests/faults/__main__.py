"""`python -m tests.faults --seed 1 --minutes 2`: one run of the fault rig; exit status 0 when all was kept."""

import argparse
import asyncio
import faulthandler
import random
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack, suppress
from pathlib import Path

import uvloop

from luotsi.platform.data_dir import temporary_data
from tests.faults.accounts import Accounts, fetch_accounts, unknown_to_mail
from tests.faults.actors import Day
from tests.faults.aging import Aging
from tests.faults.checks.recovery import Recovery
from tests.faults.checks.versions import prepare_notes
from tests.faults.checks.watch import Watch
from tests.faults.drills.long_outage import LONGEST_OUTAGE_SECONDS, long_outage
from tests.faults.failing import give_up_failing, replay, switch
from tests.faults.fault_injectors.disks import SIZES, small_disk
from tests.faults.fault_injectors.entries import poison
from tests.faults.fault_injectors.power import devices
from tests.faults.injection_points import POINTS
from tests.faults.judging import broken, come_to_rest, judge
from tests.faults.lab import Lab, running_lab
from tests.faults.ledger import Ledger
from tests.faults.listeners import Listener, listeners_of, listening
from tests.faults.marksman import Marksman
from tests.faults.old_rows import prepare_books
from tests.faults.operating import Operator
from tests.faults.outcome import Outcome
from tests.faults.people import GivenUp
from tests.faults.retaining import Retention
from tests.faults.schedule import AROUND_DRILLS, DRILLS, FAULTS, Course, Fault, Schedule, impossible_faults

Say = Callable[[str], None]

LIMIT_SECONDS = 20 * 60.0
"""How much longer than its minutes of faults, and its long outage, a run may take until all is at rest."""
BEFORE_DRILLS = 10.0
"""So many seconds people work before a drill begins."""
JUDGING_SECONDS = 10 * 60.0
"""How long the check of the books may take, and then the end of the platform."""


def main() -> None:
    """Read the arguments, run, report."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=2.0)
    parser.add_argument("--only", default="", help="kinds of fault, with commas between; all by default")
    parser.add_argument(
        "--drill",
        choices=[drill.__name__ for drill in DRILLS],
        help="a restore, a long outage or another clock, with some faults after",
    )
    parser.add_argument("--no-points", action="store_true", help="no kills at named moments")
    parser.add_argument("--keep", type=Path, help="folder for the logs and the ledger of a run that failed")
    parser.add_argument("--sabotage", action="store_true", help="plant lies at the end, to see them found")
    parser.add_argument("--record", action="store_true", help="add the figures to those of docs/faults.md")
    asked = parser.parse_args()
    # The last resort, should the rig itself hang: where it stands, and exit status 1.
    faulthandler.dump_traceback_later(_limit(asked) + 2 * JUDGING_SECONDS, exit=True)
    with ExitStack() as stack:
        root = stack.enter_context(temporary_data())
        has_power = not asked.drill and stack.enter_context(devices(root))
        # What waits in a long outage finds no room on small ones.
        folders = [] if asked.drill == long_outage.__name__ else [root / folder for folder in SIZES]
        mounted = [stack.enter_context(small_disk(folder)) for folder in folders if not folder.exists()]
        out = impossible_faults(has_disks=all(mounted), has_power=has_power)
        wanted = _chosen(asked)
        outcome = uvloop.run(run(root, asked, tuple(fault for fault in wanted if fault not in out)))
        outcome.left_out = {fault.__name__: out[fault] for fault in wanted if fault in out}
        outcome.show()
        if asked.record:
            outcome.record()
        if not outcome.well and asked.keep:
            outcome.keep(root, asked.keep)
    sys.exit(0 if outcome.well else 1)


async def run(root: Path, asked: argparse.Namespace, faults: tuple[Fault, ...]) -> Outcome:
    """One run: everybody works, faults happen, all comes to rest, and then the books are checked."""
    begun, task, said = time.monotonic(), asyncio.current_task(), ["nothing"]
    limit = _limit(asked)
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)  # the disks are unmounted then, too

    def say(text: str) -> None:
        said.append(text)
        print(f"{time.monotonic() - begun:6.1f} {text}", flush=True)

    async with running_lab(root) as lab:
        ledger = Ledger()
        lab.mail.unknown = unknown_to_mail(asked.seed)
        try:
            accounts = await fetch_accounts(lab, ledger)
        except GivenUp:
            return broken(lab, ledger, Course(), Watch(lab, ledger))
        await prepare_notes(lab)
        if not asked.drill:
            await prepare_books(lab)
        switch(lab, on=True)
        say("everybody is at work")
        schedule = Schedule(lab, ledger, asked.seed, faults, say)
        watch = Watch(lab, ledger, [] if asked.drill else listeners_of(accounts, asked.seed))
        watching = asyncio.create_task(watch.run())
        working = asyncio.create_task(_listened_to(watch.listeners, _work(lab, accounts, schedule, asked, say)))
        await asyncio.wait({watching, working}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            watching.result()
            for finding in watch.findings:
                say(f"the watch has found: {finding.kind}: {finding.what}")
            await _end(working)
            outcome = broken(lab, ledger, schedule.course, watch)
        else:
            if not working.done():
                ledger.given_up.append(f"the run was not over after {limit:.0f} s; its last word: {said[-1]}")
            try:
                await _end(working)
            except TimeoutError as error:  # a server that never came back
                ledger.given_up.append(str(error))
            await _end(watching)
            outcome = await _judge(lab, ledger, accounts, schedule.course, watch, say if asked.sabotage else None)
        outcome.needs_points = () if asked.no_points or asked.only or asked.drill else tuple(POINTS)
        await accounts.close()
        return outcome


def _limit(asked: argparse.Namespace) -> float:
    """How many seconds the run may take until all is at rest."""
    outage = LONGEST_OUTAGE_SECONDS if asked.drill == long_outage.__name__ else 0
    return 60 * float(asked.minutes) + outage + LIMIT_SECONDS


def _chosen(asked: argparse.Namespace) -> tuple[Fault, ...]:
    if asked.drill:
        return AROUND_DRILLS
    return tuple(fault for fault in FAULTS if not asked.only or fault.__name__ in asked.only.split(","))


async def _judge(
    lab: Lab, ledger: Ledger, accounts: Accounts, course: Course, watch: Watch, lies: Say | None
) -> Outcome:
    """Check the books. Where that is not over in time, say so with what is known by then."""
    try:
        async with asyncio.timeout(JUDGING_SECONDS):
            return await judge(lab, ledger, accounts, course, watch, lies=lies)
    except Exception as error:  # most of all, a server that is away for good
        ledger.given_up.append(f"the books could not be read: {error!r}")
        return broken(lab, ledger, course, watch)


async def _listened_to(listeners: list[Listener], work: Awaitable[None]) -> None:
    """Work, while some hear of it on their streams; at the end, they have to have heard of all."""
    async with listening(listeners):
        await work
        await asyncio.gather(*(listener.hear_all() for listener in listeners))


async def _work(lab: Lab, accounts: Accounts, schedule: Schedule, asked: argparse.Namespace, say: Say) -> None:
    """Everybody works while faults happen; then all comes to rest."""
    course = schedule.course
    day, marksman = Day(accounts, asked.seed), Marksman(lab, asked.seed, course.disturbances)
    listening = [] if asked.drill else [each.who.member.id for each in listeners_of(accounts, asked.seed)]
    retention = Retention(Aging(lab, accounts.admin.ledger, day, accounts.advisers[-1], listening))
    operator = Operator(lab, accounts.admin.ledger, random.Random(asked.seed), retention)
    recovery = Recovery(lab, course.disturbances)
    following = asyncio.create_task(recovery.follow())
    shooting: asyncio.Task[None] | None = None
    day.begin(*([] if asked.drill else [operator.run]))  # what it did would be undone with the database
    try:
        await recovery.measure_undisturbed()
        say(f"undisturbed, all is dealt with everywhere after {course.disturbances.undisturbed:.1f} s")
        shooting = asyncio.create_task(marksman.run()) if not asked.no_points else None
        for drill in DRILLS:
            if drill.__name__ == asked.drill:
                await asyncio.sleep(BEFORE_DRILLS)
                await schedule.drill(drill)
        await schedule.run(60 * asked.minutes)
        say("the faults are over")
        if not (asked.only or asked.drill):
            await lab.settled_servers()
            if shooting:
                await marksman.finish()
            await poison(lab, random.Random(asked.seed))  # none of this can be lost with a server's memory
        course.never += await give_up_failing(lab)
        if shooting:
            await _end(shooting)
            marksman.note_hits()
        await recovery.drain()
    finally:
        if shooting:
            await _end(shooting)
        await _end(following)
        await day.end()
    await _end_the_day(lab, day, course, say)
    if not (course.restless or asked.drill):
        await operator.finish()


async def _end_the_day(lab: Lab, day: Day, course: Course, say: Say) -> None:
    """Nobody works any more: what is under way comes to rest, and what waits for an operator is given to one."""
    await lab.settled_servers()
    # What is dealt with only after its last fact has come would wait for ever.
    left = await come_to_rest(lab, but="parked")
    await day.bring_every_fact()
    left = left or await come_to_rest(lab)
    if left is None:
        say(f"{await replay(lab)} events had failed too often and are given to their handler again")
        left = await come_to_rest(lab)
    course.restless = left is not None
    say("all is at rest" if left is None else f"not at rest: {left.waiting}")


async def _end(task: "asyncio.Task[None]") -> None:
    """Cancel a task until it ends: a cancellation that reaches a driver while it connects can get lost there."""
    while not task.done():
        task.cancel()
        await asyncio.wait([task], timeout=1)
    with suppress(asyncio.CancelledError):
        task.result()


if __name__ == "__main__":
    main()
