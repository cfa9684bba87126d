"""Texts in requests, a type per use: a name, a line, prose. None is empty to the eye, or does what is not seen.

What comes along with pasted text and means nothing is taken away in silence: characters that nothing is drawn for, and
those that turn the direction of writing around. Joiners stay inside words of scripts that need them, and selectors
where they choose a sign. What no document can hold is refused. All is kept in Unicode's normal form C.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from shared.values.characters import (
    DIRECTION_MARKS,
    JOINERS,
    is_invisible,
    is_letter_or_digit,
    is_selector,
    is_unstorable,
    says_something,
    script_of,
)

_BREAK: Final = re.compile(r"\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_JOINED_SCRIPTS: Final = re.compile(
    "ARABIC|SYRIAC|MANDAIC|MONGOLIAN|NKO|THAANA|ADLAM|DEVANAGARI|BENGALI|GURMUKHI|GUJARATI|ORIYA|TAMIL|TELUGU|KANNADA|"
    "MALAYALAM|SINHALA|KHMER|MYANMAR|TIBETAN|BALINESE|JAVANESE|SUNDANESE|CHAKMA|MEETEI|NEWA|TIRHUTA"
)
_SELECTED_SCRIPTS: Final = re.compile("CJK|MONGOLIAN|MYANMAR|PHAGS-PA|DIGIT|NUMBER|ASTERISK")


@dataclass(frozen=True)
class TextRule:
    """What a text in a request may be; in an annotation it makes a `str` such a text.

    `one_line`: without line breaks and tabs. `meant`: of which some character has to be one, else there is no text.
    """

    longest: int
    one_line: bool
    meant: Callable[[str], bool]
    meant_is: str = "something"

    def apply(self, text: str) -> str:
        """The text, cleaned. Raises ValueError, which says what to do, when it is none."""
        plain = _as_lines(text) if self.one_line else _as_prose(text)
        if not any(map(self.meant, plain)):
            raise ValueError(f"is empty to the eye; write {self.meant_is}, or leave the field out")
        if len(plain) > self.longest:
            raise ValueError(f"is too long; shorten it to {self.longest} characters")
        return plain

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self.apply, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {**handler(schema), "minLength": 1, "maxLength": self.longest}


def _as_lines(text: str) -> str:
    ends_cut = text.strip()
    if _BREAK.search(ends_cut) or "\t" in ends_cut:
        raise ValueError("give it in one line, without line breaks and tabs")
    plain = _without_unseen(unicodedata.normalize("NFC", ends_cut), marks_of_direction=False)
    return " ".join(_without_lone_accents(plain.replace("\u2800", " ")).split())


def _as_prose(text: str) -> str:
    plain = _without_unseen(_BREAK.sub("\n", unicodedata.normalize("NFC", text)), marks_of_direction=True)
    return plain.strip()


def _without_unseen(text: str, *, marks_of_direction: bool) -> str:
    if text.isascii() and text.isprintable():
        return text
    kept: list[str] = []
    for place, character in enumerate(text):
        if is_unstorable(character) and character not in "\n\t":
            raise ValueError("has a control character, which cannot be kept; take it out, or type the text anew")
        following = text[place + 1 : place + 2]
        if (
            not is_invisible(character)
            or (marks_of_direction and character in DIRECTION_MARKS)
            or (kept and _belongs(character, kept[-1], following))
        ):
            kept.append(character)
    return unicodedata.normalize("NFC", "".join(kept))


def _belongs(character: str, before: str, following: str) -> bool:
    """Whether what is not seen has its use here: a joiner in a word or a sign, or the choice of a sign's look."""
    if character in JOINERS:
        of_sign = character == "\u200d" and bool(following) and unicodedata.category(following) == "So"
        signs = unicodedata.category(before) in ("So", "Sk") or is_selector(before)
        return bool(_JOINED_SCRIPTS.fullmatch(script_of(before))) or (of_sign and signs)
    chosen = unicodedata.category(before) == "So" or _SELECTED_SCRIPTS.fullmatch(script_of(before))
    return is_selector(character) and bool(chosen)


def _without_lone_accents(text: str) -> str:
    """The text from its first character on that is no mark belonging to one before it."""
    start = next((place for place, each in enumerate(text) if unicodedata.category(each)[0] != "M"), len(text))
    return text[start:]


def name_of(longest: int) -> TextRule:
    """The rule for what somebody or something is called, in so many characters."""
    return TextRule(longest, one_line=True, meant=is_letter_or_digit, meant_is="letters or digits")


def line_of(longest: int) -> TextRule:
    """The rule for a short text that is shown in one line."""
    return TextRule(longest, one_line=True, meant=says_something)


def prose_of(longest: int) -> TextRule:
    """The rule for a text of several lines."""
    return TextRule(longest, one_line=False, meant=says_something)


Name = Annotated[str, name_of(200)]
Line = Annotated[str, line_of(200)]
Prose = Annotated[str, prose_of(4000)]
