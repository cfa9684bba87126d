"""What a client is found again by, in a form in which two ways of writing the same come out alike."""

import re
import unicodedata
from typing import Final

FIELDS: Final = ("name", "email", "phone", "business_id")

_FINLAND = "+358"


def normalise(field: str, value: str) -> str:
    """`value` of one of FIELDS in its normal form; empty when nothing is left of it.

    Names lose case, accents and the order of their parts; telephone numbers become international with
    Finland as the home country; e-mail addresses lose case; business ids keep digits only.
    """
    return {"name": _name, "email": _email, "phone": _phone, "business_id": _digits}[field](value)


def _name(value: str) -> str:
    plain = unicodedata.normalize("NFKD", value.casefold())
    letters = "".join(character for character in plain if not unicodedata.combining(character))
    return " ".join(sorted(re.findall(r"\w+", letters)))


def _email(value: str) -> str:
    return unicodedata.normalize("NFKC", value).strip().casefold()


def _phone(value: str) -> str:
    digits = _digits(value)
    if value.strip().startswith("+"):
        return f"+{digits}"
    if digits.startswith("00"):
        return f"+{digits[2:]}"
    if digits.startswith("0"):
        return _FINLAND + digits[1:]
    return digits


def _digits(value: str) -> str:
    return "".join(character for character in unicodedata.normalize("NFKC", value) if character.isdecimal())
