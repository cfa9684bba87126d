"""Why something was found: which typed words it has and where, and which filters it fits."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.catalog.domain.search import OTHER_LANGUAGE, PLACE_WEIGHTS, Place, Word
from services.catalog.domain.texts import LANGUAGES


@dataclass(frozen=True)
class Matched:
    """A typed word with the word that was found for it, in which language and place."""

    typed: str
    found: str
    language: str
    place: Place


@dataclass(frozen=True)
class Fit:
    """A filter with the value that was asked for, and whether it fits."""

    fact: str
    wanted: str
    fits: bool


def best_matches(
    typed: Sequence[Word], standing: Iterable[Sequence[Any]], language: str
) -> Mapping[UUID, Sequence[Matched]]:
    """By id, the best match of each typed word, in the order in which they were typed.

    `standing`: id, number of the typed word from 1, the word that was found, how surely it is what was typed, and its
    places in Finnish, Swedish and English (0: not there).
    """
    best: dict[UUID, dict[int, tuple[float, Matched]]] = {}
    for key, number, found, quality, *places in standing:
        for spoken, place in zip(LANGUAGES, places, strict=True):
            if place:
                counted = quality * PLACE_WEIGHTS[Place(place)] * (1 if spoken == language else OTHER_LANGUAGE)
                matched = Matched(typed[number - 1].written, found, spoken, Place(place))
                words = best.setdefault(UUID(key), {})
                if number not in words or counted > words[number][0]:
                    words[number] = (counted, matched)
    return {key: [words[number][1] for number in sorted(words)] for key, words in best.items()}
