"""`python -m bench.through`: what a referral costs each process, from the request to its notices and its mail.

A platform of real processes. Counted is processor time, which neighbours change little, and not how many go through
in a second: two cores have 2,000 ms of it. With `--beside DIR` the platform of another checkout takes its turns.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import asyncpg
import psutil

from bench.notices import Load, attended
from bench.platform import UNLIMITED
from luotsi.demo.platform import DemoPlatform, own_platform

_CORES_MS: Final = 2000
_WARM_UP: Final = 100
_REST_SECONDS: Final = 10.0
_PATIENCE: Final = 120.0
_UNDER_WAY: Final = "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'failed')"
_MAILS: Final = "SELECT count(*) FROM deliveries WHERE status = 'delivered' AND channel = 'email'"

Spent = Mapping[str, float]
"""Process, or kind of process → milliseconds of processor time."""


@dataclass
class Contender:
    """A platform that takes part: what a second at rest costs it, and in each round a referral beyond that."""

    platform: DemoPlatform
    load: Load
    notifications: asyncpg.Connection
    rest: list[Spent] = field(default_factory=list)
    referral: list[Spent] = field(default_factory=list)
    notice_ms: list[float] = field(default_factory=list)
    mails: float = 0.0
    lost: int = 0

    async def at_rest(self) -> None:
        """Measure what it costs while nobody asks anything."""
        before, begun = spent_by(self.platform), time.monotonic()
        await asyncio.sleep(_REST_SECONDS)
        seconds = time.monotonic() - begun
        self.rest.append({name: ms / seconds for name, ms in _since(before, spent_by(self.platform)).items()})

    async def round(self, rate: int, seconds: float) -> None:
        """Send referrals, and measure until the last mail of them has left."""
        mails: int = await self.notifications.fetchval(_MAILS)
        before, begun = spent_by(self.platform), time.monotonic()
        samples = await self.load.round(rate, seconds)
        async with asyncio.timeout(_PATIENCE):
            while await self.notifications.fetchval(_UNDER_WAY):
                await asyncio.sleep(0.1)
        spent, rested = _since(before, spent_by(self.platform)), time.monotonic() - begun
        sent = len(samples.answer_ms)
        rest = self.rest[-1]
        self.referral.append({name: (ms - rest.get(name, 0.0) * rested) / sent for name, ms in spent.items()})
        self.notice_ms += samples.notice_ms
        self.lost += samples.lost + samples.unanswered + sum(samples.refused.values())
        self.mails = (await self.notifications.fetchval(_MAILS) - mails) / sent


def spent_by(platform: DemoPlatform) -> dict[tuple[str, int], float]:
    """What each process of the platform has spent so far, by its kind and id."""
    found = {}
    root = psutil.Process(platform.target.platform["pid"])
    for each in [root, *root.children(recursive=True)]:
        try:
            found[kind_of(" ".join(each.cmdline())), each.pid] = 1000 * sum(each.cpu_times()[:2])
        except psutil.NoSuchProcess:  # a connection that has just ended
            continue
    return found


def kind_of(command: str) -> str:
    """What a process is, by how it calls itself: `referral-web`, `PostgreSQL for referral`, `Valkey`, ..."""
    first, _, rest = command.partition(" ")
    if first == "postgres:":
        served = rest.split()[0]
        return f"PostgreSQL for {served}" if len(rest.split()) > 2 and "[local]" not in served else "PostgreSQL itself"
    if first == "luotsi":
        return rest.strip()
    return "Valkey" if "valkey" in command else "PostgreSQL itself" if "postgres" in command else "luotsi up"


def _since(before: Mapping[tuple[str, int], float], now: Mapping[tuple[str, int], float]) -> Spent:
    spent: dict[str, float] = defaultdict(float)
    for (kind, pid), ms in now.items():
        spent[kind] += ms - before.get((kind, pid), 0.0)
    return spent


def show(contenders: Mapping[str, Contender]) -> None:
    """A line for each kind of process, a column for each contender."""
    medians = {name: _medians(each.referral) for name, each in contenders.items()}
    kinds = sorted({kind for spent in medians.values() for kind in spent})
    print(f"{'ms of processor time a referral':34}" + "".join(f"{name:>16}" for name in contenders))
    for kind in kinds:
        if any(spent.get(kind, 0.0) >= 0.05 for spent in medians.values()):
            print(f"{kind:34}" + "".join(f"{spent.get(kind, 0.0):16.2f}" for spent in medians.values()))
    whole = [statistics.median(sum(each.values()) for each in one.referral) for one in contenders.values()]
    print(f"{'all':34}" + "".join(f"{ms:16.2f}" for ms in whole))
    print(f"{'referrals a second of two cores':34}" + "".join(f"{_CORES_MS / ms:16.0f}" for ms in whole))
    rest = [statistics.median(sum(each.values()) for each in one.rest) for one in contenders.values()]
    print(f"{'all, a second at rest':34}" + "".join(f"{ms:16.2f}" for ms in rest))
    print(f"{'mails of a referral':34}" + "".join(f"{each.mails:16.1f}" for each in contenders.values()))
    notice = [statistics.median(each.notice_ms or [float("nan")]) for each in contenders.values()]
    print(f"{'sent to notice, p50 in ms':34}" + "".join(f"{ms:16.0f}" for ms in notice))
    print(f"{'missing or refused':34}" + "".join(f"{each.lost:16}" for each in contenders.values()))


def _medians(each: list[Spent]) -> Spent:
    return {kind: statistics.median(spent.get(kind, 0.0) for spent in each) for kind in each[0]}


async def _enter(stack: AsyncExitStack, sources: Path) -> Contender:
    platform = await stack.enter_async_context(own_platform(sources, **UNLIMITED))
    load = await stack.enter_async_context(attended(platform))
    notifications = await asyncpg.connect(platform.target.owner_url("notifications"))
    stack.push_async_callback(notifications.close)
    await load.one_by_one(_WARM_UP)  # connections are opened and statements prepared
    return Contender(platform, load, notifications)


async def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.through", description=__doc__)
    parser.add_argument("--rate", type=int, default=50, help="referrals a second")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8, help="how long referrals are sent in each round")
    parser.add_argument("--beside", type=Path, help="another checkout of Luotsi")
    asked = parser.parse_args()
    sources = {"this": Path(__file__).resolve().parents[1]}
    if asked.beside:
        sources = {"beside": asked.beside.resolve()} | sources
    async with AsyncExitStack() as stack:
        contenders = {name: await _enter(stack, where) for name, where in sources.items()}
        for each in contenders.values():
            await each.at_rest()
        for _ in range(asked.rounds):
            for each in contenders.values():
                await each.round(asked.rate, asked.seconds)
        print(f"load average {os.getloadavg()[0]:.1f}; {asked.rate} a second, medians of {asked.rounds} rounds")
        show(contenders)


if __name__ == "__main__":
    asyncio.run(main())
