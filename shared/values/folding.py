"""Folding: spellings of the same word come out alike. One rule for the names of clients and the catalogue's search.

Capitals, accents and other additions to a Latin, Greek or Cyrillic letter go (`Łódź` is `lodz`, `Järvinen` is
`jarvinen`), as do apostrophes and what is not seen. Letters that stand for two are spelled out (`ß`, `æ`, `þ`). Of the
ways to write i in Turkish there is one. Arabic loses its vowel marks and its stretching, and of yeh, kaf, alef and heh
one form each is left, whatever keyboard they come from. What makes another word stays: the vowel signs of Indic
and other scripts, and the voice marks of Japanese.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import permutations
from typing import Final

from shared.values.characters import is_invisible

_DROPPED_MARKS: Final = (
    (0x0300, 0x036F),  # of Latin, Greek and Cyrillic letters
    (0x0483, 0x0489),
    (0x0591, 0x05BD),  # Hebrew points, which names are written with or without
    (0x05BF, 0x05BF),
    (0x05C1, 0x05C2),
    (0x05C4, 0x05C5),
    (0x05C7, 0x05C7),
    (0x0610, 0x061A),  # Arabic vowels and other marks, the hamza on a letter among them
    (0x0640, 0x0640),  # the stretching of a word
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06DC),
    (0x06DF, 0x06E8),
    (0x06EA, 0x06ED),
    (0x0730, 0x074A),  # Syriac points
    (0x08CA, 0x08E1),
    (0x08E3, 0x08FF),
    (0x1AB0, 0x1ACE),
    (0x1DC0, 0x1DFF),
    (0x20D0, 0x20F0),
    (0xA66F, 0xA672),
    (0xFE20, 0xFE2F),
)
_APOSTROPHES: Final = frozenset(
    "'`\u00b4\u02b9\u02ba\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u02ca\u02cb\u02ee\u055a\u05f3\u05f4\u07f4\u07f5"
    "\u2018\u2019\u201a\u201b\u2032\u2035\ua78b\ua78c\uff07"
)
_SPELLED: Final = {
    "\u00e6": "ae",
    "\u0153": "oe",
    "\u00f8": "o",
    "\u00f0": "d",  # eth
    "\u00fe": "th",  # thorn
    "\u0131": "i",  # the Turkish i without a dot
    "\u0237": "j",
    "\u0138": "q",
    "\u014b": "n",  # eng
    "\u0292": "z",  # ezh, as in Skolt Sami
    "\u0259": "e",  # schwa; as in machine readable passports (ICAO 9303-3, 6)
    "\u01dd": "e",
    "\u025b": "e",
    "\u0254": "o",
    "\u0671": "\u0627",  # alef with wasla
    "\u0649": "\u064a",  # yeh: without dots, Persian, Urdu
    "\u06cc": "\u064a",
    "\u06d2": "\u064a",
    "\u06a9": "\u0643",  # kaf: Persian and others
    "\u06aa": "\u0643",
    "\u06cd": "\u064a",
    "\u0620": "\u064a",
    "\u0629": "\u0647",  # heh: with the dots of teh, Urdu, Kurdish
    "\u06be": "\u0647",
    "\u06c1": "\u0647",
    "\u06c3": "\u0647",
    "\u06d5": "\u0647",
    "\u0d7a": "\u0d23\u0d4d",  # Malayalam and Bengali letters without a vowel, which are typed in two ways
    "\u0d7b": "\u0d28\u0d4d",
    "\u0d7c": "\u0d30\u0d4d",
    "\u0d7d": "\u0d32\u0d4d",
    "\u0d7e": "\u0d33\u0d4d",
    "\u0d7f": "\u0d15\u0d4d",
    "\u09ce": "\u09a4\u09cd",
}
_FREELY_ORDERED: Final = 4
_LATIN_WITH: Final = re.compile(r"LATIN SMALL LETTER ([A-Z]) WITH .+")


def fold(text: str) -> str:
    """`text` in small letters, as plain as its spelling may be without becoming another word."""
    # Taking a letter apart may bring out a capital, and making that small something to take apart again.
    small = unicodedata.normalize("NFKD", text).casefold()
    apart = small if small.isascii() else unicodedata.normalize("NFKD", small)
    return unicodedata.normalize("NFC", "".join(map(_plain, apart)))


def words(text: str) -> list[str]:
    """The folded words of a text: letters, their vowel signs, and digits."""
    folded = fold(text)
    return "".join(each if _is_of_word(each) else " " for each in folded).split()


def name_key(name: str) -> str:
    """The folded letters of a name in their order: `Anna-Liisa Mäki`, `Annaliisa Maki`, `anna liisa mäki`."""
    return "".join(words(name))


def name_keys(name: str) -> list[str]:
    """The `name_key` of a name with its words in any order; of more than four only with the last ones put first."""
    parts = words(name)
    orders: Iterable[Sequence[str]] = permutations(parts)
    if len(parts) > _FREELY_ORDERED:
        orders = (parts[start:] + parts[:start] for start in range(len(parts)))
    return list(dict.fromkeys(key for key in map("".join, orders) if key))


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    code = ord(character)
    if character in _APOSTROPHES or is_invisible(character):
        return ""
    if any(first <= code <= last for first, last in _DROPPED_MARKS):
        return ""
    if character in _SPELLED:
        return _SPELLED[character]
    if not character.isascii() and unicodedata.decimal(character, None) is not None:
        return str(unicodedata.decimal(character))
    with_more = _LATIN_WITH.fullmatch(unicodedata.name(character, ""))
    return with_more[1].lower() if with_more else character


@lru_cache(maxsize=8192)
def _is_of_word(character: str) -> bool:
    return character.isalnum() or unicodedata.category(character)[0] == "M"
