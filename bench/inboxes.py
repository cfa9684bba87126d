"""`python -m bench.inboxes`: what a referral costs the notification service while others have their inboxes open.

A platform of real processes; hundreds of members, whom no referral concerns, each with an open stream of notices.
"""

import argparse
import asyncio
import os
import statistics
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

import asyncpg
import httpx2
import psutil

from bench.notices import Load, attended
from bench.platform import UNLIMITED
from luotsi.demo.platform import DemoPlatform, own_platform
from luotsi.platform.tokens import Member, sign_token

RATE: Final = 10
"""Referrals a second: few enough that nothing waits in a queue, so processor time is all that differs"""
_SETTLE_SECONDS: Final = 7.0
"""Until every stream that was just opened has looked into the database as often as it does in the beginning"""
_REST_SECONDS: Final = 10.0
_AT_ONCE: Final = 10
"""Streams that are opened at the same moment"""

_MEMBER = """
INSERT INTO members (id, epoch, sequence, organization_id, email, language, roles, active)
SELECT $1, 1, 1, id, $2, 'fi', '{adviser}', true FROM organizations WHERE slug = 'kompassi' RETURNING organization_id
"""


@dataclass(frozen=True)
class Spent:
    """Milliseconds of processor time of the service's web process, and of the PostgreSQL processes of its database."""

    web: float
    database: float

    def per(self, number: float) -> "Spent":
        """What that is for each of so many."""
        return Spent(self.web / number, self.database / number)


class Meter:
    """What the processes spend from now on. One that ends meanwhile is left out: it was a connection of the past."""

    def __init__(self, platform: DemoPlatform) -> None:
        self._root = psutil.Process(platform.target.platform["pid"])
        self._before = self._read()

    def read(self) -> Spent:
        """What was spent until now."""
        spent = {"web": 0.0, "database": 0.0}
        for (kind, pid), seconds in self._read().items():
            spent[kind] += 1000 * (seconds - self._before.get((kind, pid), 0.0))
        return Spent(**spent)

    def _read(self) -> dict[tuple[str, int], float]:
        found = {}
        for each in self._root.children(recursive=True):
            try:
                name, seconds = " ".join(each.cmdline()), sum(each.cpu_times()[:2])
            except psutil.NoSuchProcess:
                continue
            if "notifications-web" in name:
                found["web", each.pid] = seconds
            elif name.startswith("postgres: notifications "):
                found["database", each.pid] = seconds
        return found


@dataclass
class Measured:
    """For a number of open inboxes, each round: milliseconds a second at rest, and milliseconds a referral."""

    rest: list[Spent] = field(default_factory=list)
    referral: list[Spent] = field(default_factory=list)
    notice_ms: list[float] = field(default_factory=list)
    lost: int = 0


async def enter(platform: DemoPlatform, count: int) -> list[str]:
    """Let the service know that many members whom nothing concerns; returns an access token of each."""
    connection = await asyncpg.connect(platform.target.owner_url("notifications"))
    tokens = []
    for number in range(count):
        member_id, email = uuid4(), f"reader-{number}@kompassi.example"
        organization_id: UUID = await connection.fetchval(_MEMBER, member_id, email)
        member = Member(member_id, email, organization_id, "kompassi", ["adviser"], active=True)
        tokens.append(sign_token(platform.target.signing_key, platform.target.issuer, member))
    await connection.close()
    return tokens


@asynccontextmanager
async def opened(platform: DemoPlatform, tokens: list[str]) -> AsyncIterator[None]:
    """A stream of notices for each token, open as long as the block runs."""
    unlimited = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
    timeout = httpx2.Timeout(60, read=None)
    async with (
        httpx2.AsyncClient(
            base_url=platform.urls["notifications"], limits=unlimited, timeout=timeout, trust_env=False
        ) as client,
        asyncio.TaskGroup() as group,
    ):
        readers = list[asyncio.Task[None]]()
        for begin in range(0, len(tokens), _AT_ONCE):
            opening = [(token, asyncio.Event()) for token in tokens[begin : begin + _AT_ONCE]]
            readers += [group.create_task(_read(client, *each)) for each in opening]
            await asyncio.gather(*(there.wait() for _, there in opening))
        yield
        for each in readers:
            each.cancel()


async def _read(client: httpx2.AsyncClient, token: str, there: asyncio.Event) -> None:
    """Read a stream, and open it again when it ends, as browsers do."""
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "0"}
    while True:
        try:
            async with client.stream("GET", "/notices/stream", headers=headers) as answer:
                answer.raise_for_status()
                there.set()
                async for _ in answer.aiter_lines():
                    pass
        except httpx2.HTTPError:
            pass
        await asyncio.sleep(1)


async def measure(platform: DemoPlatform, load: Load, measured: Measured, seconds: float) -> None:
    """One round: nothing for a while, then referrals."""
    await asyncio.sleep(_SETTLE_SECONDS)
    begun, meter = time.monotonic(), Meter(platform)
    await asyncio.sleep(_REST_SECONDS)
    measured.rest.append(meter.read().per(time.monotonic() - begun))
    meter = Meter(platform)
    samples = await load.round(RATE, seconds)
    await asyncio.sleep(1)
    measured.referral.append(meter.read().per(len(samples.answer_ms)))
    measured.notice_ms += samples.notice_ms
    measured.lost += samples.lost


async def main() -> None:
    """Measure each number of open inboxes in turns, and print a line for each."""
    parser = argparse.ArgumentParser(prog="python -m bench.inboxes", description=__doc__)
    parser.add_argument("open", type=int, nargs="*", default=[0, 50, 500], help="open inboxes (0 50 500)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=10, help="how long referrals are sent in each round")
    asked = parser.parse_args()
    found = {count: Measured() for count in asked.open}
    async with own_platform(**UNLIMITED) as platform, attended(platform) as load:
        tokens = await enter(platform, max(asked.open))
        await load.one_by_one(50)  # connections are opened and statements prepared
        for _ in range(asked.rounds):
            for count, measured in found.items():
                async with opened(platform, tokens[:count]):
                    await measure(platform, load, measured, asked.seconds)
    print(f"load average {os.getloadavg()[0]:.1f}; {RATE} referrals a second, medians of {asked.rounds} rounds")
    print("milliseconds of processor time of the notification service: web process + its PostgreSQL")
    print(f"{'open':>5} {'at rest, a second':>20} {'a referral':>20} {'sent to notice, p50':>20} {'missing':>8}")
    for count, measured in found.items():
        median_ms = statistics.median(measured.notice_ms or [float("nan")])
        rest, referral = _shown(measured.rest), _shown(measured.referral)
        print(f"{count:5} {rest:>20} {referral:>20} {median_ms:17.1f} ms {measured.lost:8}")


def _shown(each: list[Spent]) -> str:
    return f"{statistics.median(s.web for s in each):.1f} + {statistics.median(s.database for s in each):.1f}"


if __name__ == "__main__":
    asyncio.run(main())
