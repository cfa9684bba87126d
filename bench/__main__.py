"""`python -m bench`: all measurements in one run, contenders taking turns, so that a noisy machine is noisy for all."""

import argparse
import asyncio
import json
import os
import platform as machine
import sys
import time
from pathlib import Path

from rich.console import Console

from bench import report
from bench.creation import processor_ms
from bench.notices import Samples, attended
from bench.path import Forked, Result, Setup, hosts, run_once
from bench.peers import PEERS, Peer, install
from bench.platform import UNLIMITED, Memory, start_once
from bench.testbed import Stuck, Testbed, as_tasks, make_events, prepared
from luotsi.demo.platform import own_platform

FOLDER = Path(__file__).resolve().parent.parent / ".bench"
BATCHES, WORKERS, RATES = (100, 10, 1), (1, 2, 4), (10, 50, 100)
COUNTS = {100: 4000, 10: 1500, 1: 300, None: 1200}
"""Events of a run by its batch size: about a second's worth."""
"""One account sends all referrals here, more than one person's limit allows."""


def say(line: str) -> None:
    """Progress, on standard error."""
    print(line, file=sys.stderr, flush=True)


async def measure_path(testbed: Testbed, rounds: int, share: float, minutes: float) -> report.Runs:
    """Measure all setups one after the other, `rounds` times."""
    await testbed.open()
    events = await make_events(testbed, max(COUNTS.values()) + 3 * max(WORKERS) * 100)
    tasks, log = FOLDER / "tasks.jsonl", FOLDER / "workers.log"
    tasks.write_text(as_tasks(events))
    bins = {peer: FOLDER / f"peer-{peer}" / "bin" for peer in PEERS}
    setups = [Setup(name, n, batch) for batch in BATCHES for n in WORKERS for name in (report.OWN, report.MINIMUM)]
    setups += [Setup(peer, n) for n in WORKERS for peer in PEERS]
    runs: report.Runs = {setup: [] for setup in setups}
    with hosts([report.OWN, report.MINIMUM], log) as running:
        deadline = time.monotonic() + 60 * minutes
        for number in range(rounds):
            if time.monotonic() > deadline:
                say(f"event path: {minutes} minutes are over after {number} of {rounds} rounds")
                break
            say(f"event path, round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}")
            for setup in setups:
                if setup.batch is None:
                    urls = (testbed.redis_url, testbed.consumer_url)
                    workers: Forked | Peer = Peer(
                        setup.contender, bins[setup.contender], setup.workers, urls, tasks, log
                    )
                else:
                    workers = Forked(testbed, running, setup, events, FOLDER)
                runs[setup].append(await _attempt(testbed, workers, setup, int(COUNTS[setup.batch] * share)))
    await testbed.close()
    return runs


async def _attempt(testbed: Testbed, workers: Forked | Peer, setup: Setup, count: int) -> Result | None:
    await testbed.empty()
    try:
        return await run_once(testbed, workers, setup, count)
    except (Stuck, TimeoutError) as error:
        say(f"{setup}: {error or type(error).__name__}")
        return None


async def measure_notices(rounds: int, seconds: float) -> dict[int, list[Samples]]:
    """Measure all rates one after the other, `rounds` times, on one platform."""
    samples: dict[int, list[Samples]] = {rate: [] for rate in RATES}
    async with own_platform(**UNLIMITED) as platform, attended(platform) as load:
        await load.round(RATES[0], 2)  # what is done for the first time only
        for number in range(rounds):
            say(f"notices, round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}")
            for rate in RATES:
                samples[rate].append(await load.round(rate, seconds))
    return samples


async def measure_creation(rounds: int, count: int) -> list[float]:
    """Milliseconds of processor time a created referral, `rounds` times on one platform."""
    async with own_platform(**UNLIMITED) as platform, attended(platform) as load:
        found = []
        for number in range(rounds):
            say(f"creation, round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}")
            found.append(await processor_ms(platform, load, count))
        return found


async def measure_starts(rounds: int) -> list[tuple[float, Memory, float]]:
    """Start and stop a fresh platform `rounds` times; with the load average after each."""
    starts = []
    for number in range(rounds):
        say(f"start, round {number + 1} of {rounds}, load {os.getloadavg()[0]:.1f}")
        starts.append((*await start_once(), os.getloadavg()[0]))
    return starts


def main() -> None:
    """Measure, print, and write `.bench/results.json`."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one round of each: to see that it works, not to quote")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--minutes", type=float, default=7, help="after these the event path begins no further round")
    parser.add_argument("--only", choices=("path", "notices", "creation", "start"), action="append")
    asked = parser.parse_args()
    rounds, parts = (1 if asked.quick else asked.rounds), asked.only or ["path", "notices", "creation", "start"]
    begun, runs, samples, starts, costs = time.monotonic(), {}, {}, [], []
    FOLDER.mkdir(mode=0o711, exist_ok=True)
    if "start" in parts:
        starts = asyncio.run(measure_starts(rounds))
    if "notices" in parts:
        samples = asyncio.run(measure_notices(rounds, 2 if asked.quick else 5))
    if "creation" in parts:
        costs = asyncio.run(measure_creation(rounds, 100 if asked.quick else 300))
    if "path" in parts:
        for peer in PEERS:
            install(peer, FOLDER)
        with prepared(FOLDER / "servers") as testbed:
            runs = asyncio.run(measure_path(testbed, rounds, 0.25 if asked.quick else 1.0, asked.minutes))
    loads = {"cores": os.cpu_count(), "load": os.getloadavg(), "seconds": round(time.monotonic() - begun)}
    facts = {"system": machine.platform(), "python": machine.python_version(), "rounds asked for": rounds, **loads}
    document = report.as_document(facts, runs, samples, starts, costs)
    (FOLDER / "results.json").write_text(json.dumps(document, indent=1) + "\n")
    console = Console(width=110)
    console.print(", ".join(f"{name} {value}" for name, value in facts.items()) + "\n")
    tables = [report.path_table(runs)] if runs else []
    tables += [report.notice_table(samples)] if samples else []
    report.show(console, *tables, report.target_table(runs, samples, starts, costs))


if __name__ == "__main__":
    main()
