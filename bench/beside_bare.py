"""`python -m bench.beside_bare`: what lists, searches and creations cost, beside the same by FastAPI and asyncpg alone.

On one platform, in turns: processor time of the process that answers, and what its caller waits, one request after the
other. A share of 0.5 is twice the processor time of the bare endpoint (`bench/bare.py`).
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import uuid4

import asyncpg
import httpx2
import psutil

from bench.bare import TABLES
from bench.creation import web_process
from bench.notices import Load, attended, new_referral
from bench.platform import UNLIMITED
from luotsi.demo.platform import DemoPlatform, own_platform
from luotsi.platform.process_specs import free_port_base

REFERRALS: Final = 100
_WORDS: Final = ("neuvonta", "yritys työ", "opiskelu", "kieli", "rahoitus neuvonta")

Ask = Callable[[httpx2.AsyncClient, int], Awaitable[httpx2.Response]]


@asynccontextmanager
async def bare(platform: DemoPlatform) -> AsyncIterator[tuple[str, psutil.Process]]:
    """The bare endpoints on the platform's databases: their address and their process."""
    target, port = platform.target, free_port_base()
    owner = await asyncpg.connect(target.owner_url("referral"))
    for statement in TABLES:
        await owner.execute(statement)
    await owner.close()
    settings = {service.upper(): target.database_url(service) for service in ("referral", "catalog")}
    settings |= {"ISSUER": target.issuer, "JWKS": str(target.data / "keys" / "jwks.json"), "PORT": str(port)}
    child = await asyncio.create_subprocess_exec(sys.executable, "-m", "bench.bare", env={**os.environ, **settings})
    try:
        async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            while True:
                try:
                    await client.get("/openapi.json")
                    break
                except httpx2.TransportError:
                    await asyncio.sleep(0.05)
        yield f"http://127.0.0.1:{port}", psutil.Process(child.pid)
    finally:
        child.terminate()
        await child.wait()


async def cost(client: httpx2.AsyncClient, process: psutil.Process, ask: Ask, count: int) -> tuple[float, float, int]:
    """Milliseconds of processor time a request, those waited (median), and bytes of the last answer."""
    waited, before = [], sum(process.cpu_times()[:2])
    for number in range(count):
        begun = time.perf_counter()
        answer = await ask(client, number)
        waited.append(1000 * (time.perf_counter() - begun))
        assert answer.is_success, answer.text
    return 1000 * (sum(process.cpu_times()[:2]) - before) / count, statistics.median(waited), len(answer.content)


def questions(load: Load) -> dict[str, tuple[str, Ask, Ask]]:
    """What is asked: of which service, how, and how of the bare endpoint."""

    def search(size: int, **more: Any) -> Ask:
        return lambda client, number: client.get(
            "/services", params={"query": _WORDS[number % len(_WORDS)], "size": size, **more}
        )

    def referrals(client: httpx2.AsyncClient, _: int) -> Awaitable[httpx2.Response]:
        return client.get("/referrals", params={"limit": 50})

    def create(client: httpx2.AsyncClient, _: int) -> Awaitable[httpx2.Response]:
        headers = {"Idempotency-Key": str(uuid4())}
        return client.post("/referrals", json=new_referral(load.service_id), headers=headers)

    return {
        "list of 50 referrals": ("referral", referrals, referrals),
        "search, 50 as a list shows them": ("catalog", search(50, full="false"), search(50)),
        "search, 50 whole": ("catalog", search(50), search(50)),
        "creation": ("referral", create, create),
    }


async def main(rounds: int, count: int) -> None:
    """Measure, and print a line for each."""
    async with own_platform(**UNLIMITED) as platform, attended(platform) as load, bare(platform) as (address, process):
        await load.one_by_one(REFERRALS)
        print(f"load {os.getloadavg()[0]:.1f}; medians of {rounds} rounds of {count}; processor and waiting in ms")
        print(f"{'':34} {'processor':>9} {'bare':>6} {'share':>6} {'waited':>7} {'bare':>6} {'bytes':>7} {'bare':>7}")
        for name, (service, ask, ask_bare) in questions(load).items():
            headers = load.sender.headers
            async with (
                httpx2.AsyncClient(base_url=platform.urls[service], headers=headers, trust_env=False) as client,
                httpx2.AsyncClient(base_url=address, headers=headers, trust_env=False) as other,
            ):
                ends = [(client, web_process(platform, service), ask), (other, process, ask_bare)]
                for end in ends:
                    await cost(*end, 40)
                found = [[await cost(*end, count) for end in ends] for _ in range(rounds)]
            (cpu, wait, size), (bare_cpu, bare_wait, bare_size) = (
                [statistics.median(each) for each in zip(*side, strict=True)] for side in zip(*found, strict=True)
            )
            share = statistics.median(there[0] / here[0] for here, there in found)
            print(
                f"{name:34} {cpu:9.1f} {bare_cpu:6.1f} {share:6.2f} {wait:7.1f} {bare_wait:6.1f} "
                f"{size:7.0f} {bare_size:7.0f}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.beside_bare", description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=100)
    asked = parser.parse_args()
    asyncio.run(main(asked.rounds, asked.requests))
