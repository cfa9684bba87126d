"""The Finnish personal identity code (henkilötunnus): recognised anywhere in a text, so that it is never kept.

Source: Act on the Population Information System (661/2009) and the Digital and Population Data Services
Agency's rules: six digits of birth date, a separator for the century (since 2023 also Y X W V U and B C D E F),
three digits, and a check character that is the nine digits modulo 31. The check itself is python-stdnum's.
"""

import re
import unicodedata

from stdnum.fi import hetu

_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u207b\u208b\ufe58\ufe63\uff0d\u00ad"
_TO_HYPHEN = str.maketrans(dict.fromkeys(_DASHES, "-"))
_CODE = re.compile(r"(?<![0-9A-Za-z])([0-9]{6})\s?([-+A-FU-Y])\s?([0-9]{3})([0-9A-Z])(?![0-9A-Za-z])", re.IGNORECASE)


def _normal(text: str) -> str:
    """The text with its Unicode dashes and full-width or other digits made plain; same length not promised."""
    return unicodedata.normalize("NFKC", text.translate(_TO_HYPHEN)).translate(_TO_HYPHEN)


def _is_code(match: re.Match[str]) -> bool:
    return hetu.is_valid("".join(match.groups()), allow_temporary=True)


def contains_code(text: str) -> bool:
    """Whether a valid personal identity code, temporary ones (900-999) included, stands anywhere in `text`."""
    return any(_is_code(match) for match in _CODE.finditer(_normal(text)))


def redact(text: str) -> str:
    """`text` with every personal identity code replaced by a mark; untouched when it holds none."""
    if not contains_code(text):
        return text
    return _CODE.sub(lambda match: "[personal identity code]" if _is_code(match) else match.group(), _normal(text))
