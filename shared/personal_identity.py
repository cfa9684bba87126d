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
_FOUND = re.compile(
    # An identifier of ours is stepped over as a whole: by chance its digits may read like a code.
    r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    r"|(?<![0-9])(?P<birth>[0-9]{6})\s?(?P<sign>[-+A-FU-Y])\s?(?P<number>[0-9]{3}[0-9A-Z])(?![0-9])",
    re.IGNORECASE,
)


def _normal(text: str) -> str:
    """The text with its Unicode dashes and full-width or other digits made plain, and without invisible characters."""
    if text.isascii():
        return text  # nothing of the kind is in it
    plain = unicodedata.normalize("NFKC", text.translate(_TO_HYPHEN)).translate(_TO_HYPHEN)
    return "".join(character for character in plain if unicodedata.category(character) != "Cf")


def _is_code(match: re.Match[str]) -> bool:
    birth, sign, number = match.group("birth", "sign", "number")
    if birth is None or not hetu.is_valid(birth + sign + number, allow_temporary=True):
        return False
    # With a letter as its sign it could be part of any hexadecimal word, unless it stands alone.
    around = match.string[max(match.start() - 1, 0) : match.start()] + match.string[match.end() : match.end() + 1]
    return sign in "-+" or not any(character.isalnum() for character in around)


def contains_code(text: str) -> bool:
    """Whether a valid personal identity code, temporary ones (900-999) included, stands anywhere in `text`."""
    return any(_is_code(match) for match in _FOUND.finditer(_normal(text)))


def redact(text: str) -> str:
    """`text` with every personal identity code replaced by a mark; untouched when it holds none."""
    if not contains_code(text):
        return text
    return _FOUND.sub(lambda match: "[personal identity code]" if _is_code(match) else match.group(), _normal(text))
