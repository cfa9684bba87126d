"""A made-up catalogue of any size, entered with its search index: each table by one statement or few.

Words come from the catalogue's own code and are taken apart by its own expressions. Only the writing is another one:
that of the catalogue is made for one change at a time.
"""

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import accumulate
from typing import Any

import asyncpg

from services.catalog.domain.search import standing_words
from services.catalog.domain.texts import LANGUAGES
from services.catalog.queries.spelling import parts_of, stems_of, trigrams_of
from services.catalog.tables import Organization, Service
from services.catalog.use_cases.search_index import about_organization, about_service
from shared.database.connections import Database
from shared.ids import new_id

SEED = 20261129
_SYLLABLES = [f"{a}{b}" for a in "hjklmnprstv" for b in ("a", "e", "i", "o", "u", "aa", "ai", "ie", "uo", "an", "is")]
_A_GROUP = 50
"""Organisations that are entered in one transaction."""


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


def words() -> list[str]:
    """The words of the first language that a catalogue is made of, the most frequent first."""
    return Vocabulary(random.Random(SEED)).words


def catalogue(services: int, organizations: int) -> Iterator[tuple[Organization, list[Service]]]:
    """Organisations with as many services each; the same every time."""
    chance = random.Random(SEED)
    spoken = {language: Vocabulary(chance) for language in LANGUAGES}

    def texts(words: int) -> dict[str, str]:
        return {language: vocabulary.text(words) for language, vocabulary in spoken.items()}

    for number in range(organizations):
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
            for each in range(services // organizations)
        ]  # fmt: skip


_GIVEN = ("kind", "owner", "word", "written", *LANGUAGES)

_STAGING = (
    "CREATE TEMP TABLE given (kind text, owner uuid, word text, written text, fi smallint, sv smallint, en smallint)"
)

_WORDS = (
    "INSERT INTO search_words (word, written, stems, parts, trigrams, services, organizations) "
    f"SELECT word, written, stems, {parts_of('word', 'stems')}, {trigrams_of('word')}, services, organizations "
    f"FROM (SELECT word, min(written) AS written, {stems_of('word')} AS stems, "
    "count(*) FILTER (WHERE kind = 'service') AS services, "
    "count(*) FILTER (WHERE kind = 'organization') AS organizations FROM given GROUP BY word) AS counted "
    "ON CONFLICT (word) DO UPDATE SET services = search_words.services + excluded.services, "
    "organizations = search_words.organizations + excluded.organizations"
)

_POSTINGS = (
    "INSERT INTO {kind}_search_words (word_id, owner_id, fi, sv, en) SELECT id, owner, fi, sv, en "
    "FROM given JOIN search_words USING (word) WHERE kind = '{kind}' ORDER BY id"
)


async def fill(owner: Database, services: int, organizations: int | None = None) -> list[Service]:
    """Enter and index them, ten of an organisation unless told otherwise; returns some of them."""
    organizations = organizations or services // 10
    some: list[Service] = []
    waiting: list[tuple[Organization, list[Service]]] = []
    raw = await asyncpg.connect(owner.url)
    await raw.execute(_STAGING)
    for number, entry in enumerate(catalogue(services, organizations), 1):
        waiting.append(entry)
        if number % _A_GROUP == 0 or number == organizations:
            async with owner.transaction() as tx:
                tx.insert(*(each for group, own in waiting for each in (group, *own)))
            await raw.copy_records_to_table("given", records=_words(waiting), columns=_GIVEN)
            some += [own[0] for _, own in waiting]
            waiting = []
    for statement in (
        _WORDS,
        *(_POSTINGS.format(kind=kind) for kind in ("service", "organization")),
        "DROP TABLE given",
    ):
        await raw.execute(statement)
    await raw.close()
    return some


def _words(entries: list[tuple[Organization, list[Service]]]) -> list[tuple[Any, ...]]:
    """Who has which word where, as rows of `given`."""
    rows = []
    for owner, own in entries:
        about = [("organization", owner.id, about_organization(owner, defaultdict(list)))]
        about += [("service", each.id, about_service(each, [], {owner.id: owner}, defaultdict(list))) for each in own]
        for kind, key, texts in about:
            for each in standing_words(texts):
                places = (each.places.get(language, 0) for language in LANGUAGES)
                rows.append((kind, key, each.word.folded, each.word.written, *map(int, places)))
    return rows
