"""Sort keys: text whose order by code point is the order in which Finnish readers look for names.

The alphabet is that of the Finnish standard SFS 4600, as the Unicode CLDR has it for Finnish: å, ä and ö come last,
and w is a letter of its own. Letters of other languages stand where they are looked for: æ with ä; ø, ő, õ and œ with
ö; ü and ű with y; þ as th; and any other Latin letter with the one it is a form of. Other alphabets follow. What else
two names differ in, such as accents, hyphens and capitals, decides only between names that are the same without it.
PostgreSQL sorts the keys with COLLATE "C": other collations need ICU, or change with the operating system.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from shared.values.folding import fold

_A_RING, _A_DIAERESIS, _O_DIAERESIS = "{", "|", "}"
"""The characters after z, which no key holds otherwise."""

_FINNISH: Final = {
    "å": _A_RING,
    **dict.fromkeys("äæ", _A_DIAERESIS),
    **dict.fromkeys("öøőõœ", _O_DIAERESIS),
    **dict.fromkeys("üű", "y"),
    "þ": "th",
}
_LEVEL: Final = "\x01"
"""Stands between the parts of a key, below all that is in them: a name comes before a longer one that begins alike."""

_LETTER: Final = re.compile(r"[0-9]+|.", re.DOTALL)


def sort_key(name: str) -> str:
    """The key of a name. Numbers in it count by their value, and small letters come before capitals."""
    plain = " ".join("".join(_parts(name)).split())
    exact = unicodedata.normalize("NFC", name)
    return _LEVEL.join((plain, exact.casefold(), exact.swapcase())).replace("\x00", "")


def _parts(name: str) -> Iterator[str]:
    letters = [_letter(cluster) for cluster in _clusters(unicodedata.normalize("NFKC", name).casefold())]
    for part in _LETTER.findall("".join(letters)):
        yield _number(part) if part.isdigit() else part


def _clusters(text: str) -> Iterator[str]:
    """The characters of a text, each with the marks upon it."""
    cluster = ""
    for character in unicodedata.normalize("NFD", text):
        if cluster and unicodedata.category(character)[0] != "M":
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


@lru_cache(maxsize=4096)  # more letters than all names of a country are written in
def _letter(cluster: str) -> str:
    """What a letter with its marks sorts as; a space for what is no letter, nothing for what is not seen."""
    base, marks = cluster[0], cluster[1:]
    for letter in (*(unicodedata.normalize("NFC", base + mark) for mark in marks), base):
        if letter in _FINNISH:
            return _FINNISH[letter]
    if base.isascii() and not base.isalnum():
        return fold(base) and " "
    folded = fold(cluster)
    return folded if any(character.isalnum() for character in folded) else folded and " "


def _number(digits: str) -> str:
    """Digits so that a shorter number comes before a longer one: how many there are comes first."""
    value = digits.lstrip("0") or "0"
    length = f"{len(value)}" if len(value) < 9 else f"9{len(value):03}"
    return length + value
