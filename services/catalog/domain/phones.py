"""Telephone numbers of services: as they are dialled, checked against the numbering plans of the library."""

import re
from typing import Final

import phonenumbers

from shared.values.telephones import is_number, readable

_COUNTRY: Final = "FI"
_SHORT: Final = re.compile(r"[0-9][0-9 -]{1,8}")


def dialled(text: str) -> str:
    """The number in international form, or a short number of Finland such as 112 as it is.

    Raises ValueError, which says what to do, where no numbering plan has the number, or it has an extension.
    """
    if _SHORT.fullmatch(text) and _is_short_number(text):
        return re.sub(r"[ -]", "", text)
    number = readable(text)
    if phonenumbers.parse(number, None).extension:
        raise ValueError("give the extension in `extension`")
    if not is_number(text):
        raise ValueError("no numbering plan has this number; check its digits")
    return number


def _is_short_number(digits: str) -> bool:
    return phonenumbers.is_valid_short_number_for_region(phonenumbers.parse(digits, _COUNTRY), _COUNTRY)
