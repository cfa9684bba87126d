"""`python -m bench.growth 1000 100000`: what every route and job costs, with few referrals and with many.

Each size is a platform of its own, filled by `bench.filling` and kept for the next run. It takes turns with the
smallest, so that a noisy machine is noisy for both, and its figures are printed before the next one is filled: what is
broken off has told what it has found. The services run in this process, and their clients too: about a millisecond of
each request is the client's.
"""

import argparse
import asyncio
import json
import platform as machine
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from rich.console import Console

from bench.filling import Size
from bench.growth import report
from bench.growth.costs import Cost, DatabaseClock, Once, load, take
from bench.growth.jobs import jobs
from bench.growth.place import FOLDER, Place, filled, gigabytes, largest_tables, started
from bench.growth.routes import Prepare, routes
from luotsi.embedded.servers import Servers

MOST_WHOLE = 100_000
"""Of more referrals than this, only the newest event of each is kept: all would take 20 GB for a million."""


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


class Meter:
    """Does everything at the smallest place and at the newest one, in turns."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self._asked = asked
        self._all: dict[int, Place] = {}
        self._places: dict[int, Place] = {}
        self._clocks: dict[int, DatabaseClock] = {}
        self.costs: report.Costs = {}

    def add(self, size: int, place: Place) -> None:
        """One more place, larger than those before."""
        self._all[size] = place
        self._places = {each: self._all[each] for each in (next(iter(self._all)), size)}
        self._clocks[size] = DatabaseClock(place.servers.postgres.pid)

    async def run(self) -> None:
        """Routes first, then jobs, as far as they are wanted. What a job has done at a place it does not do again."""
        for name, prepare in routes():
            if costs := self._wanted(name):
                costs.update({size: Cost() for size in self._places})
                await self._measure_route(costs, prepare)
        for name, job in jobs(whole_logs=not self._asked.lean):
            if costs := self._wanted(name):
                for size in sorted(size for size in self._places if not costs[size].waited):
                    await self._take(costs, size, partial(job, self._places[size]), watched=True)

    def _wanted(self, name: str) -> dict[int, Cost] | None:
        if self._asked.only and not any(word in name for word in self._asked.only):
            return None
        say(f"{name}, load {load():.1f}")
        costs = self.costs.setdefault(name, {})
        costs.update({size: Cost() for size in self._places if size not in costs})
        return costs

    async def _measure_route(self, costs: dict[int, Cost], prepare: Prepare) -> None:
        """So many rounds after a first one, each beside those of the other sizes; then once for the loop."""
        for _ in range(self._asked.rounds + 1):
            for size, place in self._places.items():
                if not costs[size].failed and sum(costs[size].waited) < 1000 * self._asked.patience:
                    await self._take(costs, size, partial(await prepare(place), place))
        for size, place in self._places.items():
            costs[size].forget_first()
            watched = Cost()
            step = partial(await prepare(place), place)
            await take(watched, self._clocks[size], step, self._asked.patience, watched=True)
            costs[size].held = watched.held

    async def _take(self, costs: dict[int, Cost], size: int, once: Once, *, watched: bool = False) -> None:
        await take(costs[size], self._clocks[size], once, self._asked.patience, watched=watched)


async def measure(servers: dict[int, Servers], asked: argparse.Namespace) -> None:
    """Fill one after the other. Each is measured and told of beside the smallest before the next is filled."""
    facts: dict[str, object] = {"system": machine.platform(), "python": machine.python_version()}
    meter, places = Meter(asked), list[Place]()
    try:
        for referrals, pair in servers.items():
            lean = asked.lean or referrals > MOST_WHOLE
            say(f"{referrals} referrals" + ", the logs of events with the newest of each referral alone" * lean)
            size = Size(referrals, asked.organizations, asked.services, lean=lean)
            places.append(await filled(pair, folder_of(asked, referrals), size))
            meter.add(referrals, places[-1])
            facts[f"GB of {referrals}"] = await _say_what_it_takes(places[-1])
            if len(servers) == 1 or len(places) > 1:
                begun = time.monotonic()
                try:
                    await meter.run()
                finally:
                    facts |= {"load": load(), "seconds": round(time.monotonic() - begun)}
                    _tell(asked, facts, meter.costs, [place.referrals for place in places])
    finally:
        for place in places:
            await place.close()


async def _say_what_it_takes(place: Place) -> float:
    took = await gigabytes(place.servers)
    say(f"filled in {place.filled_in} s; {took:.2f} GB, {took * 1e6 / place.referrals:.1f} kB a referral")
    for table in await largest_tables(place.servers):
        say(f"  {table}")
    return round(took, 2)


def _tell(asked: argparse.Namespace, facts: dict[str, object], costs: report.Costs, sizes: list[int]) -> None:
    (asked.data / "results.json").write_text(json.dumps(report.as_document(facts, costs), indent=1) + "\n")
    console = Console(width=60 + 36 * len(sizes))
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()) + "\n")
    console.print(report.table(costs, sizes))


def folder_of(asked: argparse.Namespace, referrals: int) -> Path:
    """Where the platform of that size lies."""
    return Path(asked.data.absolute() / str(referrals))


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[1_000, 100_000], help="how many referrals each has")
    parser.add_argument("--rounds", type=int, default=9, help="how often each route is asked")
    parser.add_argument("--patience", type=float, default=60, help="seconds for a route or job, and for all its rounds")
    parser.add_argument("--only", action="append", help="what has this in its name; may be repeated")
    parser.add_argument("--organizations", type=int, default=500)
    parser.add_argument("--services", type=int, default=10_000, help="all together; a multiple of the organisations")
    parser.add_argument("--lean", action="store_true", help="logs of events with the newest event of each referral")
    parser.add_argument("--data", type=Path, default=FOLDER, help="where the filled platforms lie")
    asked = parser.parse_args()
    with ExitStack() as stack:
        servers = {size: stack.enter_context(started(folder_of(asked, size))) for size in sorted(asked.sizes)}
        asyncio.run(measure(servers, asked))


if __name__ == "__main__":
    main()
