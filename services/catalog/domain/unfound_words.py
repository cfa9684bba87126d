"""Words that were looked for and found nothing: which may be kept, and how it is known that several looked for one.

A query may hold what is nobody's business: the name of a client, a number, an address. So nothing is kept of a query
that looks like one, and of the others no word can be read before three different members have looked for it.

Who they are is never kept. Each member stands for one of thirty bits, by a keyed hash that differs with the word and
the quarter of the year: three bits that are set are three members at least, and a bit is that of any in thirty.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from services.catalog.domain.search import Word

ENOUGH_MEMBERS: Final = 3
BITS: Final = 30
"""How many different members must have looked for a word before it can be read, and among how many bits they count."""

_SHORTEST, _LONGEST = 3, 40
_NOT_KEPT: Final = re.compile(r"[0-9@]|://|\bwww\.", re.IGNORECASE)
_CAPITALISED: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_STREETS: Final = ("katu", "kuja", "gatan", "vagen", "granden", "street", "avenue")


def words_to_count(query: str, unknown: Iterable[Word]) -> list[str]:
    """Which `unknown` words of a query may be counted; none where it looks like a name, number or address."""
    if _NOT_KEPT.search(query) or any(not each.isascii() and each.isnumeric() for each in query) or _is_name(query):
        return []
    words = list(unknown)
    if any(word.folded.endswith(_STREETS) for word in words):
        return []
    return [word.written for word in words if _SHORTEST <= len(word.written) <= _LONGEST and word.written.isalpha()]


def quarter_of(day: date) -> str:
    """The quarter of the year, such as `2026-4`: what belongs to different ones can't be put together."""
    return f"{day.year}-{(day.month + 2) // 3}"


def bit_of(digest: bytes) -> int:
    """The bit that a member's keyed hash stands for, as a number with that bit set."""
    return 1 << (int.from_bytes(digest[:8], "big") % BITS)


def _is_name(query: str) -> bool:
    """Whether two words beginning with a capital follow each other, as in the name of a person."""
    begins: Sequence[bool] = [each[0].isupper() and not each.isupper() for each in _CAPITALISED.findall(query)]
    return any(first and second for first, second in pairwise(begins))
