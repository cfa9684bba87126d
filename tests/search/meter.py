"""The meter of the search: recall among the first three, reciprocal rank, and how often nothing was found, by kind.

`python -m tests.search.meter` prints it for the seeded catalogue and both files of queries, on the servers that
`pytest --keep` keeps.
"""

import asyncio
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from luotsi.embedded.servers import Servers
from shared.database.migrations import upgrade
from shared.services import service_names
from tests.flows.catalog_kuopio import kuopio
from tests.kept_servers import kept_servers
from tests.platform import Platform

QUERIES = Path(__file__).with_name("queries.yaml")
BLIND = Path(__file__).with_name("blind.yaml")
"""By these no weight is chosen at all."""
_FIRST = 3


@dataclass(frozen=True)
class Wanted:
    """A query with the services that it should find (slugs); `held` ones were not looked at to choose weights."""

    query: str
    language: str
    kind: str
    expected: tuple[str, ...]
    held: bool


@dataclass(frozen=True)
class Measured:
    """A query with the slugs that were found, in order."""

    wanted: Wanted
    found: tuple[str, ...]

    @property
    def recall(self) -> float:
        """The share of the expected ones, three at most, among the first three."""
        expected = self.wanted.expected
        return len(set(expected) & set(self.found[:_FIRST])) / min(_FIRST, len(expected))

    @property
    def reciprocal_rank(self) -> float:
        """One divided by the place of the first expected one; 0 where none is found."""
        return next((1 / place for place, slug in enumerate(self.found, 1) if slug in self.wanted.expected), 0.0)


@dataclass(frozen=True)
class Figures:
    """What a number of queries came to. `empty`: how many found nothing; those that should not are left out."""

    queries: int
    recall: float
    mrr: float
    empty: int


def read_queries(path: Path = QUERIES) -> list[Wanted]:
    """The queries of a file; every third one is held out, and of `BLIND` each."""
    entries = yaml.safe_load(path.read_text("utf-8"))["queries"]
    return [
        Wanted(each["query"], each["language"], each["kind"], tuple(each["expected"]), path == BLIND or number % 3 == 2)
        for number, each in enumerate(entries)
    ]


def figures(measured: Iterable[Measured]) -> Figures:
    """The figures of those queries that should find something."""
    those = [each for each in measured if each.wanted.expected]
    return Figures(
        len(those),
        sum(each.recall for each in those) / len(those),
        sum(each.reciprocal_rank for each in those) / len(those),
        sum(not each.found for each in those),
    )


async def measure(platform: Platform, path: Path = QUERIES) -> list[Measured]:
    """Every query of a file, asked of a platform with the seeded catalogue."""
    measured = []
    for wanted in read_queries(path):
        headers = {"Accept-Language": wanted.language}
        answer = await platform.client("catalog").get(
            "/services", params={"query": wanted.query, "size": "100"}, headers=headers
        )
        assert answer.status_code == 200, answer.text
        measured.append(Measured(wanted, tuple(each["slug"] for each in answer.json()["contents"])))
    return measured


def table(measured: list[Measured]) -> str:
    """The figures by kind, for all queries, and for those held out, as lines of text."""
    groups = {kind: [each for each in measured if each.wanted.kind == kind] for kind in _kinds(measured)}
    groups["all"] = measured
    groups["chosen on"] = [each for each in measured if not each.wanted.held]
    groups["held out"] = [each for each in measured if each.wanted.held]
    lines = [f"{'':14}queries  recall@3   MRR  empty"]
    for name, those in ((name, those) for name, those in groups.items() if those):
        all_of = figures(those)
        lines.append(f"{name:14}{all_of.queries:7} {all_of.recall:9.2f} {all_of.mrr:5.2f} {all_of.empty:6}")
    nothing = [each for each in measured if not each.wanted.expected]
    lines.append(f"{'nothing':14}{len(nothing):7}{sum(not each.found for each in nothing):23}")
    return "\n".join(lines)


def _kinds(measured: list[Measured]) -> list[str]:
    return list(dict.fromkeys(each.wanted.kind for each in measured if each.wanted.expected))


async def _print(servers: Servers) -> None:
    platform = Platform(servers, Path(tempfile.mkdtemp()))
    try:
        await platform.empty()
        await kuopio(platform)
        measured = {path.name: await measure(platform, path) for path in (QUERIES, BLIND)}
    finally:
        await platform.close()
    for name, those in measured.items():
        print(name)
        for each in those:
            if "-v" in sys.argv and (not each.wanted.expected or each.recall < 1):
                print(f"{each.wanted.query}: {', '.join(each.found[:_FIRST])} of {len(each.found)}")
        print(table(those))


if __name__ == "__main__":
    with kept_servers() as running:
        for service in service_names():
            upgrade(service, running.owner_urls[service])
        asyncio.run(_print(running))
