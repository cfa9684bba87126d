"""What a text looks like: digits by their value, letters by their shape, separators by their kind.

For finding what is meant to be read as the same, such as a code with Cyrillic letters or in Arabic digits.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from shared.values.characters import is_invisible, is_separator

_SHAPES: Final = {
    # Cyrillic and Greek, small letters where their shape is that of another capital too
    "\u0410\u0412\u0421\u0415\u041d\u0408\u041a\u041c\u041e\u0420": "ABCEHJKMOP",
    "\u0405\u0422\u0425\u0423\u04ae\u051c\u0474\u0406\u0500\u04c0\u04cf\u01c0": "STXYYWVIDIII",
    "\u0391\u0392\u0395\u0397\u0399\u039a\u039c\u039d\u039f\u03a1\u03a4\u03a5\u03a7\u0396\u03f9\u037f\u03dc": (
        "ABEHIKMNOPTYXZCJF"
    ),
    "\u03bd\u03c5\u0501\u0432\u043d": "VUDBH",
    # Armenian, Cherokee and Lisu
    "\u054d\u053c\u0555\u0578\u057d": "ULOUU",
    "\u13aa\u13f4\u13df\u13a0\u13ac\u13bb\u13ab\u13e6\u13de\u13b7\u13e2\u13a1\u13da\u13a2\u13d9\u13b3\u13bd\u13c3": (
        "GBCDEHJKLMPRSIVWMZ"
    ),
    "\ua4ee\ua4d0\ua4da\ua4d3\ua4f0\ua4dd\ua4e7\ua4d9\ua4d7\ua4e1\ua4df\ua4e0\ua4d1\ua4e3\ua4e2\ua4d4\ua4f4\ua4e6\ua4ea"
    "\ua4eb\ua4ec": "ABCDEFHJKLMNPRSTUVWXY",
    "\u3007": "O",  # the Chinese zero
    # strokes that are letters in their own script, and the stretching of an Arabic word
    "\u30fc\u4e00\u3161\u2f00\u1173\u1428\u0640\u02c9": "--------",
}
_SHAPE: Final = {
    letter: shape for letters, shapes in _SHAPES.items() for letter, shape in zip(letters, shapes, strict=True)
}
_REPEATED: Final = re.compile(r"([-+ ])\1+")
_NAMED: Final = re.compile(r"(?:.+ )?LATIN (?:SMALL LETTER|CAPITAL LETTER|LETTER SMALL CAPITAL) ([A-Z])(?: WITH .+)?")
_DASHES: Final = frozenset("-\u00ac\u02d7\u2043\u2052\u2212\u2796\u23af\u2500\u2501")
_PLUSES: Final = frozenset("+\u02d6\u207a\u208a\u2795\ufb29\uff0b\ufe62")


@dataclass(frozen=True)
class Looks:
    """A text in digits, A to Z, `-`, `+`, spaces for other separators, `#` for other letters; nothing unseen is left.

    Of a separator that is repeated there is one. `places` says where in the text each of its characters stood.
    """

    plain: str
    places: list[int] | range

    def span(self, start: int, end: int) -> tuple[int, int]:
        """Where in the text a stretch of `plain` stood."""
        return self.places[start], self.places[end - 1] + 1


def looks_of(text: str) -> Looks:
    """What `text` looks like."""
    if text.isascii():
        return _without_repeated(text.translate(_ASCII), range(len(text)))
    plain: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        shape = _shape(character)
        if shape:
            plain.append(shape)
            places.append(place)
    return _without_repeated("".join(plain), places)


def _without_repeated(plain: str, places: list[int] | range) -> Looks:
    repeated = [range(*run.span())[1:] for run in _REPEATED.finditer(plain)]
    if not repeated:
        return Looks(plain, places)
    dropped = {place for run in repeated for place in run}
    kept = [place for place in range(len(plain)) if place not in dropped]
    return Looks("".join(plain[place] for place in kept), [places[place] for place in kept])


@lru_cache(maxsize=8192)
def _shape(character: str) -> str:
    """One character for what is seen, or none."""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if is_invisible(character) or unicodedata.category(character)[0] == "M":
        return ""
    if unicodedata.category(character) == "Pd" or character in _DASHES:
        return "-"
    if character in _PLUSES:
        return "+"
    return _letter(character) or (" " if is_separator(character) or character.isspace() else "#")


def _letter(character: str) -> str:
    """The capital from A to Z, or the dash, that a letter looks like; empty for another."""
    for form in (character, character.upper()):
        base = unicodedata.normalize("NFKD", form)[0]
        for shape in (base, base.upper()):
            if shape in _SHAPE:
                return _SHAPE[shape]
            if shape.isascii() and shape.isupper():
                return shape
    named = _NAMED.fullmatch(unicodedata.name(character, "").replace("REGIONAL INDICATOR SYMBOL", "LATIN CAPITAL"))
    return named[1] if named else ""


_ASCII: Final = {code: _shape(chr(code)) or "#" for code in range(128)}
