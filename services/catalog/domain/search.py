"""The words of texts that are searched for: what is indexed, and what is looked for, are made alike.

A text is folded (no capitals, no diacritics) and stemmed in its own language, besides being kept as it is. Finnish
builds long words out of others, so the later parts of long words in names are words too: `neuvonta` finds
`yritysneuvonta`.
"""

from collections.abc import Iterable, Mapping, Sequence

from shared.values.folding import words

STEMMERS = {"fi": "finnish", "sv": "swedish", "en": "english"}
"""Language → the name under which PostgreSQL knows how its words change."""

SPLIT = "AB"
"""Weights of the texts whose long words are found by their later parts too, which count as D."""

MOST_WORDS = 8
"""How many words of what was typed are looked for. Nobody misses the others: all have to be found."""

_LONGEST_WORD = 100
"""Characters of a word that are looked for, as the beginning of one; PostgreSQL takes no more than 2,046 bytes."""

_SHORTEST_PART = 5
_INSIDE = "zq"
"""Marks the later part of a word, so that a short word searched for does not match the middle of others."""

Weighted = Mapping[str, Sequence[Mapping[str, str]]]
"""PostgreSQL's weight (A, B and C) → texts by language that count so much."""


def indexed_words(texts: Weighted) -> dict[str, str]:
    """The words of texts, with spaces between them, by weight and language: `a_fi`, `a_fi_inner`, `a_sv`, …

    `…_inner` holds the later parts of long words, for the weights in `SPLIT`.
    """
    found = {}
    for weight, group in texts.items():
        for language in STEMMERS:
            name = f"{weight}_{language}".lower()
            plain = [word for each in group for word in words(each.get(language, ""))]
            found[name] = " ".join(plain)
            if weight in SPLIT:
                found[f"{name}_inner"] = " ".join(_later_parts(plain))
    return found


class TypedWords:
    """The words of what somebody typed: the first MOST_WORDS different ones.

    `forms` are what each may be in the index, as operands of PostgreSQL's `to_tsquery`, with the number of the word:
    the word itself, or the later part of a longer one. `unfinished` is the number of the word that may be the beginning
    of a longer one, which is the last that was typed; -1 when that one does not count any more.
    """

    def __init__(self, typed: str) -> None:
        all_words = words(typed)
        counted = list(dict.fromkeys(all_words))[:MOST_WORDS]
        self.unfinished = counted.index(all_words[-1]) if all_words and all_words[-1] in counted else -1
        self.forms = [(number, form) for number, word in enumerate(counted) for form in self._forms(number, word)]

    def _forms(self, number: int, word: str) -> list[str]:
        is_beginning = number == self.unfinished or len(word) > _LONGEST_WORD
        found = [word, _INSIDE + word] if len(word) >= _SHORTEST_PART else [word]
        return [f"{form[:_LONGEST_WORD]}:*" if is_beginning else form for form in found]


def _later_parts(plain: Iterable[str]) -> list[str]:
    """The ends of long words, each marked: `kielikurssi` → `zqkurssi` and the like."""
    return [_INSIDE + word[start:] for word in plain for start in range(3, len(word) - _SHORTEST_PART + 1)]
