"""Telephone numbers: one form for comparing, one for reading, whatever they were pasted from.

Numbering plans are the library's (phonenumbers, Google's). A number without a country code is one of Finland. What may
be a number is taken: numbers that are new, or not given out yet, are numbers too.
"""

import re
import unicodedata
from typing import Annotated, Final

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat

from shared.values.characters import without_invisible
from shared.values.forms import Form

_COUNTRY: Final = "FI"
_LONGEST: Final = 100
_EXAMPLE: Final = "such as 040 123 4567, or +46 70 123 45 67 for one abroad"
_LABEL: Final = re.compile(
    r"(?:https?://)?(?:wa\.me/|"
    r"(?:tel|callto|sms|puh|puhelin|matkapuhelin|matkapuh|kännykkä|gsm|phone|telephone|mobile|mobil|mobiili|mob|"
    r"telefon|tfn|whatsapp|työ|koti|numero|nummer|number|p|t|m)?\s*(?:numero|nummer|number|nro|nr|no)?[.:\s]*(?://)?)"
    r"\s*(?=[+(0-9])",
    re.IGNORECASE,
)
_EXTENSION: Final = re.compile(
    r"[\s,;(]*(?:;\s*ext=|ext\.?|extension|x|alanumero|alanro|ankn\.?|anknytning|#)[\s:.]*([0-9]{1,7})\)?\s*$",
    re.IGNORECASE,
)
_CONTEXT: Final = re.compile(r";\s*phone-context=[^;]*", re.IGNORECASE)
"""In a link to a number (RFC 3966): where a number that is no international one is dialled."""

_BRACKETS: Final = str.maketrans("[]{}", "()()")
_WRITTEN: Final = re.compile(r"[+0-9 ()/.,\-]+")


def readable(text: str) -> str:
    """The number in international form with spaces, such as `+358 40 1234567`. Raises ValueError when it is none."""
    number = _parsed(text)
    if number is None:
        raise ValueError(f"is no telephone number; give one {_EXAMPLE}")
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def same_number(text: str) -> str:
    """What two ways of writing one number have in common (E.164, and the extension); the digits of what is none."""
    number = _parsed(text)
    if number is None:
        digits = (unicodedata.decimal(each, None) for each in unicodedata.normalize("NFKC", text))
        return "".join(str(each) for each in digits if each is not None)
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    return f"{written};ext={number.extension}" if number.extension else written


def is_number(text: str) -> bool:
    """Whether the text is a telephone number that the numbering plan of its country has."""
    number = _parsed(text)
    return number is not None and phonenumbers.is_valid_number(number)


def _parsed(text: str) -> PhoneNumber | None:
    """The number, if it is a possible one."""
    plain = _plain(text[:_LONGEST])
    extension = _EXTENSION.search(plain)
    bare = plain[: extension.start()] if extension else plain
    if not _WRITTEN.fullmatch(bare) or bare.count("+") > 1:
        return None
    try:
        number = phonenumbers.parse(bare, _COUNTRY)
    except NumberParseException:
        return None
    if not phonenumbers.is_possible_number(number):
        return None
    if extension:
        number.extension = extension[1]
    return number


def _plain(text: str) -> str:
    """The text in plain digits, spaces and hyphens, without a label before it or a second sign for abroad."""
    seen = _CONTEXT.sub("", unicodedata.normalize("NFKC", without_invisible(text)).translate(_BRACKETS))
    plain = "".join(map(_plain_character, seen)).strip(" =;")
    plain = plain[_LABEL.match(plain).end() :] if _LABEL.match(plain) else plain  # type: ignore[union-attr]
    return re.sub(r"^(?:00\s*)?\(?\+\)?\s*(?:\+|00)*\s*", "+", plain.strip())


def _plain_character(character: str) -> str:
    digit = unicodedata.decimal(character, None)
    if digit is not None:
        return str(digit)
    kind = unicodedata.category(character)
    if kind == "Pd" or character in "\u2212\u2043":
        return "-"
    is_separator = (
        kind in ("Zs", "Cc", "Pc", "Pi", "Pf", "So", "Sk") or character in "'\"~\u00b7\u2022\u2027\u2219\u22c5"
    )
    return " " if is_separator else character


def _as_written(text: str) -> str:
    readable(text)
    return without_invisible(text).strip()


TelephoneNumber = Annotated[
    str,
    Form(_as_written, {"maxLength": _LONGEST, "examples": ["040 123 4567", "+46 70 123 45 67"]}),
]
"""A number in a request, as it was written; `readable` is how it is kept and shown."""
