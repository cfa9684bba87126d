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


def forms_of(word: str) -> list[str]:
    """What a word that was typed may be in the index: itself, or the later part of a longer one."""
    return [word, _INSIDE + word] if len(word) >= _SHORTEST_PART else [word]


def _later_parts(plain: Iterable[str]) -> list[str]:
    """The ends of long words, each marked: `kielikurssi` → `zqkurssi` and the like."""
    return [_INSIDE + word[start:] for word in plain for start in range(3, len(word) - _SHORTEST_PART + 1)]
