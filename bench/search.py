"""`python -m bench.search`: what a search costs the database, with a hundred, ten thousand, or more services.

The services are made up: words of three languages that are no words, drawn as unevenly as those of the seeded
catalogue, so that more and more are met in a larger one. They are indexed by the catalogue's own code, and searched
with its own statement, prepared once, by one connection that asks one thing after the other.
"""

import argparse
import asyncio
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from bench.report import quantile
from bench.search_filling import SEED, fill
from luotsi.embedded.servers import start_servers
from services.catalog.domain.texts import LANGUAGES
from services.catalog.queries.found_services import ServiceFilter
from services.catalog.queries.pages import PageWanted
from services.catalog.queries.service_facts import FactsWanted
from services.catalog.queries.service_list import KeptCounts
from services.catalog.queries.service_search import search_services
from services.catalog.tables import Service
from shared.clock import day_in_kuopio, utc_now
from shared.database.connections import Database
from shared.database.migrations import upgrade


def misspelt(word: str) -> str:
    """The word without a letter in its middle."""
    middle = len(word) // 2
    return word[:middle] + word[middle + 1 :]


def queries(some: list[Service], count: int) -> list[str]:
    """What is typed: one to three words of one service's texts, sometimes cut, put together, or misspelt."""
    chance = random.Random(SEED)
    typed = []
    for _ in range(count):
        service, language = chance.choice(some), chance.choice(LANGUAGES)
        words = chance.sample((service.name[language] + " " + service.description[language]).split(), 3)
        typed.append(
            chance.choices(
                [" ".join(words[:2]), " ".join(words), words[0], words[0] + words[1], misspelt(words[0]), words[0][:5]],
                [30, 25, 20, 5, 10, 10],
            )[0]
        )
    return typed


@dataclass
class Measured:
    """What each search took: milliseconds at the connection, and of the server's processor; and how many it found."""

    waited: list[float]
    processor: list[float]
    found: list[int]


async def measure(database: Database, typed: list[str], facts: FactsWanted) -> Measured:
    """Search for each."""
    measured = Measured([], [], [])
    async with database.transaction() as tx:
        server = Path(f"/proc/{(await tx.execute(text('SELECT pg_backend_pid()'))).scalar_one()}/schedstat")
        for query in typed:
            wanted = ServiceFilter(query, facts)
            before, begun = int(server.read_text().split()[0]), time.perf_counter()
            answer = await search_services(tx, KeptCounts(), PageWanted(1, 20), "fi", wanted, day_in_kuopio(utc_now()))
            measured.waited.append((time.perf_counter() - begun) * 1000)
            measured.processor.append((int(server.read_text().split()[0]) - before) / 1_000_000)
            measured.found.append(answer.total)
    return measured


async def sequential_scans(database: Database) -> set[str]:
    """The tables of the search that a search reads from one end to the other."""
    async with database.transaction() as tx:
        count = text(
            "SELECT relname, seq_scan FROM pg_stat_xact_user_tables WHERE relname = ANY "
            "(ARRAY['search_words', 'service_search_words', 'services', 'organizations'])"
        )
        # What earlier transactions read is in it until the server reports it.
        before = {tuple(each) for each in await tx.execute(count)}
        for query in ("kurssi", "kieli kurssi neuvonta"):
            await search_services(
                tx, KeptCounts(), PageWanted(1, 20), "fi", ServiceFilter(query), day_in_kuopio(utc_now())
            )
        return {name for name, scans in await tx.execute(count) if (name, scans) not in before}


async def run(servers: Any, sizes: list[int], count: int) -> None:
    """Fill one catalogue after the other, and print a line for each."""
    print(f"load {os.getloadavg()[0]:.1f}, {count} queries each; ms at the connection, and of the server's processor")
    heads = ("services", "filled, s", "p50", "p90", "p99", "CPU p50", "p90", "filtered", "found", "read whole")
    print(" ".join(f"{head:>10}" for head in heads))
    for services in sizes:
        owner = Database(servers.owner_urls["catalog"], pool_size=1)
        async with owner.transaction() as tx:
            await tx.execute(text("TRUNCATE services, organizations, search_words CASCADE"))
        database = Database(servers.database_urls["catalog"], pool_size=1)
        begun = time.perf_counter()
        some = await fill(owner, services)
        filled = time.perf_counter() - begun
        async with owner.engine.connect() as connection:
            await (await connection.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
        typed = queries(some, count + 20)
        await measure(database, typed[:20], FactsWanted())
        plain = await measure(database, typed[20:], FactsWanted())
        narrowed = await measure(database, typed[20:], FactsWanted(language="ar", accepting=False))
        figures = [filled, *(quantile(plain.waited, share) for share in (0.5, 0.9, 0.99))]
        figures += [*(quantile(plain.processor, share) for share in (0.5, 0.9)), median(narrowed.processor)]
        scanned = ", ".join(await sequential_scans(database)) or "nothing"
        each = " ".join(f"{figure:10.2f}" for figure in figures)
        print(f"{services:10,} {each} {median(plain.found):10.0f} {scanned:>10}", flush=True)
        await database.close()
        await owner.close()


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(prog="python -m bench.search", description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=[100, 10_000])
    parser.add_argument("--queries", type=int, default=200)
    asked = parser.parse_args()
    with TemporaryDirectory() as folder:
        Path(folder).chmod(0o711)  # the account of the database server has to get to its files
        with start_servers(Path(folder) / "servers", durable=False) as servers:
            upgrade("catalog", servers.owner_urls["catalog"])
            asyncio.run(run(servers, asked.sizes, asked.queries))


if __name__ == "__main__":
    main()
