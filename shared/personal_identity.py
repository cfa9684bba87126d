"""The Finnish personal identity code (henkilötunnus): recognised anywhere in a text, so that it is never kept.

Source: Act on the Population Information System (661/2009) and the Digital and Population Data Services
Agency's rules: six digits of birth date, a separator for the century (since 2023 also Y X W V U and B C D E F),
three digits, and a check character that is the nine digits modulo 31. The check itself is python-stdnum's.

It may be written with any separators or none, in any digits and with letters that only look like those of the code.
What may as well be a telephone number, or the day and time of an appointment, is taken for what is more likely:
docs/decisions/0035-identity-codes.md says when, and how often that is wrong.
"""

import html
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Final
from urllib.parse import unquote

from stdnum.fi import hetu

from shared.values.characters import without_invisible
from shared.values.lookalikes import Looks, looks_of
from shared.values.telephones import is_number

WHEN_IT_IS_NONE: Final = (
    "If it is none, write it another way: a telephone number as 040 123 4567, a time as 30.11.2026 10:15, "
    "another number in groups of three."
)
"""What to tell somebody whose text is refused for a number that only looks like a code."""

_ID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
"""An identifier of ours is stepped over as a whole: by chance its digits may read like a code."""

_ESCAPED: Final = re.compile(r"(?:%[0-9A-Fa-f]{2})+|&#?[0-9A-Za-z]{1,10};")
"""Characters as a link or a web page writes them."""

_DIGIT: Final = "[0-9OIL]"  # with the letters that are written for 0 and 1
_GAP: Final = "[-+ ]{0,5}+"
_BETWEEN: Final = "[-+ ]{1,3}+"
_START: Final = "(?<![0-9A-F])"  # nor within a hexadecimal word
_END: Final = "(?![0-9A-Z#])"
_DATE: Final = f"(?P<birth>{_DIGIT}{{6}})"
_SPACED_DATE: Final = f"(?P<birth>{_GAP.join([_DIGIT] * 6)})"
_LONG_DATE: Final = f"(?P<birth>{_DIGIT}{{2}}{_GAP}{_DIGIT}{{2}}{_GAP}(?:18|19|20){_DIGIT}{{2}})"
_ISO_DATE: Final = f"(?P<birth>(?:18|19|20){_DIGIT}{{2}}{_GAP}{_DIGIT}{{2}}{_GAP}{_DIGIT}{{2}})"
_DAY_MONTH_YEAR: Final = f"(?P<birth>{_DIGIT}{{1,2}}{_BETWEEN}{_DIGIT}{{1,2}}{_BETWEEN}(?:18|19|20)?{_DIGIT}{{2}})"
_SIGN: Final = f"(?P<gap>{_GAP})(?P<sign>[A-FU-Y]?){_GAP}"
_NUMBER: Final = f"(?P<number>{_DIGIT}{{3}})"
_LETTER_AT_THE_END: Final = f"{_SIGN}(?P<number>{_DIGIT}{_GAP}{_DIGIT}{_GAP}{_DIGIT}){_GAP}(?P<check>[A-Z]){_END}"
_DIGIT_AT_THE_END: Final = f"(?P<check>[0-9OI]){_END}"
_SHAPES: Final = [
    re.compile(f"(?=(?P<code>{shape}))")
    for shape in (
        # As it is meant to be written, also within a word.
        f"(?<![0-9]){_DATE}(?P<gap> ?[-+] ?)(?P<sign>){_NUMBER}(?P<check>[0-9A-Z])(?![0-9])",
        # With a letter at its end there are separators wherever somebody may put them.
        _START + _SPACED_DATE + _LETTER_AT_THE_END,
        _START + _LONG_DATE + _LETTER_AT_THE_END,
        _START + _ISO_DATE + _LETTER_AT_THE_END,
        _START + _DAY_MONTH_YEAR + _LETTER_AT_THE_END,
        # All in digits it might be any number: separators stand around the parts of the date, or everywhere.
        _START + _DATE + _SIGN + _NUMBER + _DIGIT_AT_THE_END,
        f"{_START}{_DAY_MONTH_YEAR}(?P<gap>{_BETWEEN}|(?=[A-FU-Y]))(?P<sign>[A-FU-Y]?){_GAP}{_NUMBER}{_DIGIT_AT_THE_END}",
        f"{_START}(?P<birth>{_BETWEEN.join([_DIGIT] * 6)}){_SIGN}"
        f"(?P<number>{_BETWEEN.join([_DIGIT] * 3)}){_BETWEEN}{_DIGIT_AT_THE_END}",
    )
]
_CHECKS: Final = "0123456789ABCDEFHJKLMNPRSTUVWXY"
_CENTURIES: Final = {"18": "+", "19": "-", "20": "A"}
_TO_DIGITS: Final = str.maketrans("OIL", "011", "-+ ")
_APART: Final = re.compile("[-+ ]+")
_CODE_WORDS: Final = re.compile(
    r"hetu|henkil|tunnus|tunnuksen|sotu|personbeteckning|personnummer|identity|ssn", re.IGNORECASE
)
_TELEPHONE_WORDS: Final = re.compile(
    r"puh|\bp\.|tel|gsm|mobi|matkap|soit|phone|call|ring|whatsapp|numero|nummer|number|\bn[ro]", re.IGNORECASE
)
_BEFORE: Final = 30
"""So many characters before a number may hold a word for what it is."""

_AMOUNT: Final = re.compile(r"\s*(?:€|eur|euro|e(?![\w-]))", re.IGNORECASE)
"""What stands behind a number that is money."""

_MOBILE: Final = ("04", "050")
_OLDEST: Final = 100
_RECENT_YEARS: Final = 5
_COMING_YEARS: Final = 3
_FEWEST_DIGITS: Final = 2  # the others may be letters that are written for 0 and 1


def contains_code(text: str) -> bool:
    """Whether a valid personal identity code, temporary ones (900-999) included, stands anywhere in `text`."""
    return next(_codes(text), None) is not None


def contains_code_in_telephone(text: str) -> bool:
    """The same for what should be a telephone number: one that is in the numbering plan is none."""
    as_dialled = without_invisible(text).strip(" (")[:1] in ("0", "+")
    return not (as_dialled and is_number(text)) and contains_code(text)


def redact(text: str) -> str:
    """`text` with every personal identity code replaced by a mark; untouched when it holds none."""
    parts, kept_from = [], 0
    for start, end in sorted(_codes(text)):
        if start >= kept_from:
            parts += [text[kept_from:start], "[personal identity code]"]
            kept_from = end
    return "".join([*parts, text[kept_from:]]) if parts else text


def _codes(text: str) -> Iterator[tuple[int, int]]:
    """Where codes stand in `text`."""
    if sum(map(str.isdigit, text)) < _FEWEST_DIGITS:
        return  # as in most texts
    plain = _ESCAPED.sub(_unescaped, _ID.sub(lambda found: "#" * len(found.group()), text))
    looks = looks_of(plain)
    for shape in _SHAPES:
        for match in shape.finditer(looks.plain):
            if _is_code(match, text, looks):
                yield looks.span(*match.span("code"))


def _unescaped(match: re.Match[str]) -> str:
    """The characters that are meant, and so many that are not seen that what follows stays where it is."""
    written = match.group()
    meant = unquote(written) if written.startswith("%") else html.unescape(written)
    return meant.ljust(len(written), "\u200b")


def _is_code(match: re.Match[str], text: str, looks: Looks) -> bool:
    written = match["birth"]
    birth, century = _birth(written)
    number, check = match["number"].translate(_TO_DIGITS), match["check"].replace("O", "0").replace("I", "1")
    if birth[:2] == "00" or _CHECKS[int(birth + number) % len(_CHECKS)] != check:
        return False  # as for most; of the rest the library has the last word
    signs = [match["sign"] or century] if match["sign"] or century else ["-", "A", "+"]
    if not any(hetu.is_valid(f"{birth}{sign}{number}{check}", allow_temporary=True) for sign in signs):
        return False
    if match["sign"] or "+" in match["gap"]:
        return True
    start, end = looks.span(*match.span("code"))
    before = text[:start][-_BEFORE:]
    if _CODE_WORDS.search(before):
        return True
    is_day_with_number = not match["birth"].isdigit() and "-" not in match["gap"] and check.isdigit()
    if is_day_with_number and _AMOUNT.match(text, end):
        return False
    return not _is_something_else(match, birth, number + check, before)


def _birth(written: str) -> tuple[str, str]:
    """The six digits of a birth date, and the sign of its century where the year has four digits; else empty."""
    digits = written.translate(_TO_DIGITS)
    if len(digits) == 8 and digits[4:6] not in _CENTURIES:  # the year comes first
        return digits[6:] + digits[4:6] + digits[2:4], _CENTURIES.get(digits[:2], "-")
    parts = _APART.split(written)
    if len(parts) == 3:
        day, month, year = (part.translate(_TO_DIGITS) for part in parts)
        digits = f"{day:0>2}{month:0>2}{year}"
    if len(digits) == 8:
        return digits[:4] + digits[6:], _CENTURIES.get(digits[4:6], "-")
    return digits, ""


def _is_something_else(match: re.Match[str], birth: str, rest: str, before: str) -> bool:
    """Whether what may be a code is rather a telephone number, or a day of about now with a time or an amount."""
    of_last_century = "-" in match["gap"]
    if rest.isdigit():
        if _is_telephone(match["birth"], rest) and (
            not match["gap"]
            or (of_last_century and birth.startswith(_MOBILE) and _is_too_old(birth))
            or _TELEPHONE_WORDS.search(before)
        ):
            return True
        is_time = int(rest[:2]) < 24 and int(rest[2:]) < 60
        return is_time and (
            _is_near(birth) or (len(match["birth"]) == 6 and _is_near(birth[4:] + birth[2:4] + birth[:2]))
        )
    return not of_last_century and not match["birth"].isdigit() and _is_near(birth)


def _is_telephone(birth: str, rest: str) -> bool:
    """Whether ten digits, the first six of them together, are a telephone number of Finland."""
    return len(birth) == 6 and birth.startswith("0") and birth.isdigit() and is_number(birth + rest)


def _is_too_old(birth: str) -> bool:
    """Whether somebody born on that day of the last century would be a hundred years old or more."""
    return 1900 + int(birth[4:]) <= datetime.now(UTC).year - _OLDEST


def _is_near(written: str) -> bool:
    """Whether six digits are a day of these years, as one writes it for an appointment."""
    now = datetime.now(UTC).year
    try:
        year = date(2000 + int(written[4:]), int(written[2:4]), int(written[:2])).year
    except ValueError:
        return False
    return now - _RECENT_YEARS <= year <= now + _COMING_YEARS
