"""Keywords: everyday words by which people look for a service, in each language, as terms of a taxonomy."""

from collections.abc import Iterable
from uuid import NAMESPACE_URL, UUID, uuid5

from shared.values.folding import fold, words

TAXONOMY = "urn:luotsi:keywords"

LONGEST_KEYWORD = 60
MOST_KEYWORDS = 50
"""Characters of a keyword, and keywords of a service in one language."""


def can_be_found(keyword: str) -> bool:
    """Whether there is a letter or digit in it, without which no search finds it."""
    return bool(words(keyword))


def distinct(keywords: Iterable[str]) -> list[str]:
    """The keywords without those that differ from one before them in capitals and diacritics alone."""
    first: dict[str, str] = {}
    for keyword in keywords:
        first.setdefault(fold(keyword), keyword)
    return list(first.values())


def term_id(language: str, keyword: str) -> UUID:
    """The lasting identifier of a keyword as a term of its taxonomy."""
    return uuid5(NAMESPACE_URL, f"{TAXONOMY}:{language}:{keyword}")
