"""`python -m bench.sharing 100000`: whether further web processes and workers share the work of a filled platform.

With one process of each kind, and then with two, advisers send referrals and desks look at their lists, over HTTP.
Told is how much goes through, what a referral costs, and which share of the work each process of a kind had.
"""

import argparse
import asyncio
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from itertools import cycle
from pathlib import Path
from statistics import median
from typing import Final
from uuid import uuid4

import asyncpg
import httpx2
import psutil

from bench.filling import Size
from bench.growth.costs import DatabaseClock, load
from bench.growth.place import ADVISER, DESK, FOLDER, ISSUER, KEYS, Place, filled, started
from bench.notices import new_referral
from bench.platform import UNLIMITED
from luotsi.embedded.servers import Servers
from luotsi.platform.data_dir import DataDir
from luotsi.platform.probe import readiness
from luotsi.platform.process import ProcessSpec, spawn, stop
from luotsi.platform.process_specs import Addresses, free_port_base, service_specs
from shared.services import get_service

_PATIENCE: Final = 300.0
_SENDERS, _READERS = 12, 6
_READ: Final = (
    ("referral", "/referrals?box=received&open=true"),
    ("referral", "/referrals/counts"),
    ("notifications", "/notices?unseen=true"),
)
_UNPUBLISHED: Final = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
_UNDER_WAY: Final = "SELECT count(*) FROM deliveries WHERE status IN ('pending', 'failed') AND next_attempt_at < now()"
_TOLD: Final = "SELECT count(DISTINCT referral_id) FROM notices WHERE referral_id = ANY($1)"


@dataclass
class Done:
    """What went through: milliseconds that each answer took, and which referrals were sent."""

    sending_ms: list[float] = field(default_factory=list)
    reading_ms: list[float] = field(default_factory=list)
    referrals: list[str] = field(default_factory=list)


@dataclass
class Copy:
    """A web process and a worker of each service that takes part: `pids` by kind, such as `referral-web`."""

    urls: Mapping[str, str]
    pids: dict[str, int]


@contextmanager
def copies(place: Place, number: int) -> Iterator[list[Copy]]:
    """So many of each process. They are ready."""
    with ExitStack() as stack:
        found = [_start(place, each, stack) for each in range(number)]
        for url in (url for copy in found for url in copy.urls.values()):
            deadline = time.monotonic() + _PATIENCE
            while readiness(url)[0] != 200:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"{url} did not become ready: its log is in {place.folder / 'logs'}")
                time.sleep(0.2)
        yield found


def _start(place: Place, number: int, stack: ExitStack) -> Copy:
    servers, data = place.servers, DataDir(place.folder)
    addresses = Addresses(free_port_base(), servers.database_urls, servers.owner_urls, servers.redis_urls)
    names = "referral", "notifications"
    copy = Copy({name: addresses.url(name) for name in names}, {})
    for spec in (spec for name in names for spec in service_specs(get_service(name), data, addresses)):
        child = spawn(_own(spec, place, number), data.log(f"{spec.name}-{number}"))
        stack.callback(stop, child)
        copy.pids[spec.name] = child.pid
    return copy


def _own(spec: ProcessSpec, place: Place, number: int) -> ProcessSpec:
    """A process that knows the keys of what was filled, and goes by a name of its own."""
    name = f"{spec.name}-{number}"
    heartbeat = str(place.folder / f"{name}.heartbeat")
    own = {"JWKS": str(place.jwks), "ISSUER": ISSUER, "WORKER_NAME": name, "HEARTBEAT_FILE": heartbeat}
    return replace(spec, name=name, env={**spec.env, **KEYS, **UNLIMITED, **own})


class Users:
    """Advisers who send, and desks who read. Each asks the web processes in turns, as behind an edge."""

    def __init__(self, place: Place, found: list[Copy], http: httpx2.AsyncClient, service_id: str) -> None:
        self._http, self._service_id, self.done = http, service_id, Done()
        self._in_turn = cycle(found)
        self._adviser, self._desk = place.headers_of(ADVISER), place.headers_of(DESK)

    async def work(self, seconds: float) -> Done:
        """Everybody asks again when they are answered, for so long."""
        until = time.monotonic() + seconds
        sending = [self._send(until) for _ in range(_SENDERS)]
        await asyncio.gather(*sending, *(self._read(until) for _ in range(_READERS)))
        return self.done

    async def _send(self, until: float) -> None:
        while (begun := time.monotonic()) < until:
            url = f"{next(self._in_turn).urls['referral']}/referrals"
            headers = self._adviser | {"Idempotency-Key": str(uuid4())}
            answer = await self._http.post(url, json=new_referral(self._service_id), headers=headers)
            self.done.referrals.append(answer.raise_for_status().json()["id"])
            self.done.sending_ms.append(1000 * (time.monotonic() - begun))

    async def _read(self, until: float) -> None:
        for service, path in cycle(_READ):
            if (begun := time.monotonic()) >= until:
                return
            url = f"{next(self._in_turn).urls[service]}{path}"
            (await self._http.get(url, headers=self._desk)).raise_for_status()
            self.done.reading_ms.append(1000 * (time.monotonic() - begun))


class Meter:
    """One platform: what is done by so many processes."""

    def __init__(self, place: Place, stack: AsyncExitStack) -> None:
        self._place, self._stack = place, stack
        self._database = DatabaseClock(place.servers.postgres.pid)
        self._books: dict[str, asyncpg.Connection] = {}

    async def open(self) -> None:
        """Connect to the databases, to look whether all has come to rest."""
        for service in ("referral", "notifications"):
            self._books[service] = await asyncpg.connect(self._place.servers.owner_urls[service])
            self._stack.push_async_callback(self._books[service].close)

    async def measure(self, number: int, seconds: float, service_id: str) -> None:
        """Work for so long with so many of each process, wait until all is at rest, and tell."""
        with copies(self._place, number) as found:
            async with httpx2.AsyncClient(timeout=60, trust_env=False) as http:
                first = await Users(self._place, found, http, service_id).work(3)  # connections are open then
                await self._rest(first)
                before, database, begun = _spent(found), self._database.ms(), time.monotonic()
                done = await Users(self._place, found, http, service_id).work(seconds)
                worked = time.monotonic() - begun
                told = await self._rest(done)
                rested, spent = time.monotonic() - begun, _since(before, _spent(found))
                database = self._database.ms() - database
        sent, lists = len(done.referrals), len(done.reading_ms)
        print(f"{number} of each process, load {load():.1f}")
        print(f"  {sent / worked:.1f} referrals a second, answered after {median(done.sending_ms):.0f} ms (p50)")
        print(f"  {lists / worked:.1f} lists a second, after {median(done.reading_ms):.0f} ms (p50)")
        print(f"  at rest after {rested:.1f} s; {sent - told} of {sent} referrals were told to nobody")
        print(f"  for a referral, with {lists / sent:.1f} lists:")
        print(f"  {database / sent:6.1f} ms of PostgreSQL")
        for kind, times in sorted(spent.items()):
            shares = " and ".join(f"{100 * ms / sum(times):.0f} %" for ms in times)
            print(f"  {sum(times) / sent:6.1f} ms of {kind}: {shares}")

    async def _rest(self, done: Done) -> int:
        """Wait until everybody is told and has their mail, but not for ever; how many referrals were told of."""
        deadline = time.monotonic() + _PATIENCE
        while True:
            told: int = await self._books["notifications"].fetchval(_TOLD, done.referrals)
            waiting = [await each.fetchval(_UNPUBLISHED) for each in self._books.values()]
            waiting.append(await self._books["notifications"].fetchval(_UNDER_WAY))
            if (told == len(done.referrals) and not any(waiting)) or time.monotonic() > deadline:
                return told
            await asyncio.sleep(0.2)


def _spent(found: list[Copy]) -> dict[str, list[float]]:
    """Milliseconds of processor time of the processes of each kind."""
    spent = defaultdict(list)
    for kind, pid in (item for copy in found for item in copy.pids.items()):
        spent[kind].append(1000 * sum(psutil.Process(pid).cpu_times()[:2]))
    return spent


def _since(before: Mapping[str, list[float]], after: Mapping[str, list[float]]) -> dict[str, list[float]]:
    return {kind: [b - a for a, b in zip(before[kind], after[kind], strict=True)] for kind in after}


async def measure(servers: Servers, folder: Path, asked: argparse.Namespace) -> None:
    """One of each process, then more, in turns."""
    async with AsyncExitStack() as stack:
        place = await filled(servers, folder, Size(asked.referrals))
        stack.push_async_callback(place.close)
        listed = await place.ask("referral", DESK, "GET", "/referrals?box=received&limit=1")
        service_id = listed.raise_for_status().json()["contents"][0]["service"]["id"]
        meter = Meter(place, stack)
        await meter.open()
        for number in (1, asked.processes) * asked.rounds:
            await meter.measure(number, asked.seconds, service_id)


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.sharing", description=__doc__)
    parser.add_argument("referrals", type=int, help="of a platform that `python -m bench.growth` has filled")
    parser.add_argument("--processes", type=int, default=2, help="of each kind, beside one of each")
    parser.add_argument("--seconds", type=float, default=15)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--data", type=Path, default=FOLDER, help="where the filled platforms lie")
    asked = parser.parse_args()
    folder = asked.data.absolute() / str(asked.referrals)
    with started(folder) as servers:
        asyncio.run(measure(servers, folder, asked))


if __name__ == "__main__":
    main()
