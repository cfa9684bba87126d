"""Kinds of characters: which are seen, which only steer how others look, and which no document can hold.

Kinds are those of the Unicode character database (UAX 44); what is invisible without being of a format kind is listed
here by its property `Default_Ignorable_Code_Point`.
"""

import unicodedata
from functools import lru_cache
from typing import Final

_IGNORABLE: Final = (
    (0x034F, 0x034F),  # combining grapheme joiner
    (0x115F, 0x1160),  # Hangul fillers, the letters that nothing is drawn for
    (0x17B4, 0x17B5),
    (0x180B, 0x180F),
    (0x2065, 0x2065),
    (0x3164, 0x3164),
    (0xFE00, 0xFE0F),  # variation selectors
    (0xFFA0, 0xFFA0),
    (0xFFF0, 0xFFF8),
    (0xE0000, 0xE0FFF),  # tags, and more variation selectors
)
_BLANK: Final = frozenset("\u2800\ufffc\ufffd\U0001d159")
"""Drawn as nothing, or standing for nothing, though of the kind of symbols: the empty Braille cell and others."""

_SIGNS: Final = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd")
"""Of the format kind, and drawn all the same: Arabic, Syriac and Kaithi signs for numbers and years."""

_LATER_SIGNS: Final = range(0x1F000, 0x1FC00)
_LATER_LETTERS: Final = range(0x20000, 0x3FFFE)
"""Where Unicode puts new emoji and new Chinese characters, which people have before Python knows them."""

_MOST_ACCENTS: Final = 30

JOINERS: Final = frozenset("\u200c\u200d")
DIRECTION_MARKS: Final = frozenset("\u200e\u200f\u061c")


@lru_cache(maxsize=8192)
def is_invisible(character: str) -> bool:
    """Whether nothing is drawn for the character, and it takes no room either."""
    code = ord(character)
    if unicodedata.category(character) == "Cf":
        return character not in _SIGNS
    return any(first <= code <= last for first, last in _IGNORABLE)


@lru_cache(maxsize=8192)
def is_selector(character: str) -> bool:
    """Whether the character only chooses another look of the one before it."""
    code = ord(character)
    return 0xFE00 <= code <= 0xFE0F or 0x180B <= code <= 0x180D or 0xE0100 <= code <= 0xE01EF


@lru_cache(maxsize=8192)
def says_something(character: str) -> bool:
    """Whether the character alone is text: a letter, digit, sign or symbol that is seen, and no accent on its own."""
    kind = unicodedata.category(character)
    if kind == "Cn":  # of a later Unicode than Python's, perhaps
        return ord(character) in _LATER_SIGNS or ord(character) in _LATER_LETTERS
    return kind[0] in "LNPS" and kind not in ("Lm", "Sk") and not is_invisible(character) and character not in _BLANK


@lru_cache(maxsize=8192)
def is_letter_or_digit(character: str) -> bool:
    """Whether the character is a letter or digit that is seen."""
    return says_something(character) and (
        unicodedata.category(character)[0] in "LN" or ord(character) in _LATER_LETTERS
    )


@lru_cache(maxsize=8192)
def is_unstorable(character: str) -> bool:
    """Whether XML 1.0 (2.2) or FHIR cannot hold the character, or no text means it: controls, surrogates, …

    Line breaks and tabs are such controls; where they may stand is for the caller to say.
    """
    code = ord(character)
    return unicodedata.category(character) in ("Cc", "Cs") or 0xFDD0 <= code <= 0xFDEF or code & 0xFFFE == 0xFFFE


@lru_cache(maxsize=8192)
def script_of(character: str) -> str:
    """The first word of the character's Unicode name, which for a letter is its script; empty for none."""
    return unicodedata.name(character, "").partition(" ")[0]


def has_endless_accents(text: str) -> bool:
    """Whether more accents follow one another than any language writes (30 by UAX 15, D4), unseen characters aside.

    Such a text takes Unicode's normal forms time by the square of its length.
    """
    if text.isascii():
        return False
    accents = 0
    for character in text:
        if unicodedata.combining(character):
            accents += 1
            if accents > _MOST_ACCENTS:
                return True
        elif not is_invisible(character):
            accents = 0
    return False


def is_separator(character: str) -> bool:
    """Whether the character is a space, or seen and neither letter nor digit nor mark."""
    return unicodedata.category(character)[0] in "ZPS" or character.isspace()


def holdable(text: str) -> str:
    """`text` with the sign for what is missing (U+FFFD) in the place of what no document can hold."""
    return "".join("\ufffd" if is_unstorable(each) and each not in "\t\n\r" else each for each in text)


def without_invisible(text: str) -> str:
    """`text` without what nothing is drawn for."""
    return text if text.isascii() else "".join(each for each in text if not is_invisible(each))
