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
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import text

from bench.report import quantile
from luotsi.embedded.servers import start_servers
from services.catalog.queries.pages import PageWanted
from services.catalog.queries.service_search import FactsWanted, ServiceFilter, search_services
from services.catalog.tables import Organization, Service
from services.catalog.use_cases.search_index import index_what_is_not
from shared.clock import day_in_kuopio, utc_now
from shared.database.connections import Database
from shared.database.migrations import upgrade
from shared.ids import new_id

SEED = 20261129
LANGUAGES = ("fi", "sv", "en")
_SYLLABLES = [f"{a}{b}" for a in "hjklmnprstv" for b in ("a", "e", "i", "o", "u", "aa", "ai", "ie", "uo", "an", "is")]
_A_GROUP = 50
"""Organisations that are indexed in one transaction."""


class Vocabulary:
    """Made-up words, the same for each size of catalogue, so that more of them are met in a larger one.

    How often each is drawn, by Zipf's and Mandelbrot's law, is fitted to the seeded catalogue. There 178 words of texts
    are 134 different ones, 877 are 500 (means of three languages), and the most frequent stands in a third to three
    fifths of the services. Here 175 are 133, 878 are 490, and it stands in two thirds. Ten thousand services have
    30,000 different words in each language, half of them only once.
    """

    _SIZE, _FLAT, _STEEP = 60_000, 8, 1.2

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        made = {self._word(): None for _ in range(self._SIZE)}
        self.words = list(made)
        self._weights = list(accumulate((rank + self._FLAT) ** -self._STEEP for rank in range(len(self.words))))

    def _word(self) -> str:
        return "".join(self._chance.choice(_SYLLABLES) for _ in range(self._chance.randint(2, 6)))

    def text(self, words: int) -> str:
        """So many words."""
        return " ".join(self._chance.choices(self.words, cum_weights=self._weights, k=words))


def catalogue(services: int) -> Iterator[tuple[Organization, list[Service]]]:
    """Organisations with ten services each; the same every time."""
    chance = random.Random(SEED)
    spoken = {language: Vocabulary(chance) for language in LANGUAGES}

    def texts(words: int) -> dict[str, str]:
        return {language: vocabulary.text(words) for language, vocabulary in spoken.items()}

    for number in range(services // 10):
        name = texts(2)
        owner = Organization(
            id=new_id(), slug=f"o{number}", organization_type="other", name=name, sort_keys=name, description=texts(12)
        )
        yield owner, [
            Service(
                id=new_id(), slug=f"s{number}-{each}", organization_id=owner.id, name=texts(3), sort_keys=texts(1),
                description=texts(16), eligibility_description=texts(8),
                languages=chance.sample(["fi", "sv", "en", "ar", "so"], 2),
                target_groups=["everyone"], keywords={language: words.split() for language, words in texts(8).items()},
            )
            for each in range(10)
        ]  # fmt: skip


async def fill(database: Database, services: int) -> list[Service]:
    """Enter and index them; returns some of them."""
    some: list[Service] = []
    waiting: list[tuple[Organization, list[Service]]] = []
    for number, entry in enumerate(catalogue(services), 1):
        waiting.append(entry)
        if number % _A_GROUP == 0 or number * 10 == services:
            async with database.transaction() as tx:
                for owner, own in waiting:
                    tx.insert(owner, *own)
                await index_what_is_not(tx)
            some += [own[0] for _, own in waiting]
            waiting = []
    return some


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
            answer = await search_services(tx, PageWanted(1, 20), "fi", wanted, day_in_kuopio(utc_now()))
            measured.waited.append((time.perf_counter() - begun) * 1000)
            measured.processor.append((int(server.read_text().split()[0]) - before) / 1_000_000)
            measured.found.append(answer.total)
    return measured


async def sequential_scans(database: Database) -> set[str]:
    """The tables of the search that a search reads from one end to the other; a filter's too."""
    async with database.transaction() as tx:
        await tx.execute(text("SET LOCAL plan_cache_mode = force_generic_plan"))
        count = text(
            "SELECT relname FROM pg_stat_xact_user_tables WHERE seq_scan > 0 AND relname = ANY "
            "(ARRAY['search_words', 'service_search_words', 'services', 'organizations'])"
        )
        for query in ("kurssi", "kieli kurssi neuvonta"):
            await search_services(tx, PageWanted(1, 20), "fi", ServiceFilter(query), day_in_kuopio(utc_now()))
        return set((await tx.execute(count)).scalars())


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
        some = await fill(database, services)
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
