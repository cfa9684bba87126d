"""The words of texts that are searched for: what is indexed, and what is looked for, are made alike.

A text becomes folded words (no capitals, no diacritics). Where a word stands decides how much it counts: a `Place`.
How words that are not alike belong together is the query's part (queries/word_forms.py).
"""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from services.catalog.domain.irregular_forms import IRREGULAR_FORMS
from services.catalog.domain.stop_words import STOP_WORDS
from services.catalog.domain.texts import LANGUAGES
from shared.values.folding import fold, words

MOST_WORDS = 8
"""How many words of a query are looked for."""

INDEX_VERSION = 2
"""To be raised when what is indexed changes: migrating then indexes everything anew."""

EVERYTHING = f"*{INDEX_VERSION}"
"""Stands in the index as if it were a word of everything, so that it counts how much there is. Nobody can type it."""

_LONGEST_WORD = 60


class Place(IntEnum):
    """Where a word stands, the best place first."""

    NAME = 1
    KEYWORDS = 2
    SUMMARY = 3
    DESCRIPTION = 4
    ORGANISATION = 5
    ABOUT_ORGANISATION = 6


PLACE_WEIGHTS: Mapping[Place, float] = {
    Place.NAME: 1.0,
    Place.KEYWORDS: 0.9,
    Place.SUMMARY: 0.6,
    Place.DESCRIPTION: 0.5,
    Place.ORGANISATION: 0.4,
    Place.ABOUT_ORGANISATION: 0.15,
}
"""How much a word counts by where it stands."""

OTHER_LANGUAGE = 0.8
"""How much a word counts in a language that is not the asker's."""

Texts = Mapping[Place, Sequence[Mapping[str, str]]]
"""Place → texts by language that stand there."""


@dataclass(frozen=True)
class Word:
    """A word as it is looked for (`folded`), and in small letters as somebody wrote it."""

    folded: str
    written: str


@dataclass(frozen=True)
class Standing:
    """Where a word stands best: language → place."""

    word: Word
    places: Mapping[str, Place]


def words_of(text: str, language: str | None = None) -> list[Word]:
    """The words of a text, in order.

    The seam for lemmas and the parts of compounds: both the index and the query take their words from here, so what
    is added for a word of `language` (None: not known) is found by what is added for another form of it.
    """
    found = []
    for piece in _pieces(unicodedata.normalize("NFC", text)):
        if folded := "".join(words(piece))[:_LONGEST_WORD]:
            if language in (None, "fi"):
                folded = IRREGULAR_FORMS.get(folded, folded)
            written = "".join(filter(str.isprintable, piece)).lower()
            found.append(Word(folded, written[:_LONGEST_WORD]))
    return found


def says_something(word: Word) -> bool:
    """Whether a word says what is looked for: it is no stop word, and no single letter."""
    return len(word.folded) > 1 and word.folded not in STOP_WORDS


def typed_words(query: str) -> list[Word]:
    """The words of a query to look for, each once. When none says anything, those that there are."""
    every = words_of(query)
    capitals = () if query.isupper() else {fold(each) for each in _pieces(query) if each.isupper()}
    worth = [each for each in every if says_something(each) or (len(each.folded) > 1 and each.folded in capitals)]
    return list({each.folded: each for each in worth or every}.values())[:MOST_WORDS]


def standing_words(texts: Texts) -> list[Standing]:
    """Every word of the texts with its best place in each language; in names and keywords even stop words are words."""
    found: dict[str, tuple[Word, dict[str, Place]]] = {EVERYTHING: (Word(EVERYTHING, EVERYTHING), {})}
    for place in sorted(texts):
        for language, text in _by_language(texts[place]):
            for word in words_of(text, language):
                if place <= Place.KEYWORDS or says_something(word):
                    _, places = found.setdefault(word.folded, (word, {}))
                    places.setdefault(language, place)
    return [Standing(word, places) for word, places in found.values()]


def _pieces(text: str) -> list[str]:
    """The words of a text as they are written, with apostrophes and what is not seen still in them."""
    kept = (each if each.isalnum() or unicodedata.category(each)[0] == "M" or not fold(each) else " " for each in text)
    return "".join(kept).split()


def _by_language(texts: Iterable[Mapping[str, str]]) -> Iterable[tuple[str, str]]:
    return ((language, text[language]) for text in texts for language in LANGUAGES if text.get(language))
