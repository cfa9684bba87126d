"""The words of the pages, by key and language, out of the gettext catalogues in `locales/<language>/<area>.po`.

Also dates, times and numbers as people write them in that language. Moments are shown in Kuopio's time.
"""

import io
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from gettext import GNUTranslations
from pathlib import Path
from typing import Final, Literal

from babel import Locale
from babel.dates import format_date, format_datetime, format_time, format_timedelta, get_day_names
from babel.lists import format_list
from babel.messages import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent

from shared.clock import KUOPIO

LOCALES: Final = Path(__file__).parent / "locales"
LANGUAGES: Final = ("fi", "sv", "en")
"""The languages of the pages, the one first that is shown where nobody asked for another."""
CLIENT_LANGUAGES: Final = ("ar", "uk")
"""Further ones, in which only what is meant for clients is there."""

_DAYS: Final = {"fi": "d.M.y", "uk": "dd.MM.y"}
_MOMENTS: Final = {"fi": "d.M.y 'klo'\u00a0H.mm", "sv": "d.M.y 'kl.'\u00a0H.mm", "en": "d MMM y, HH:mm"}
_PLACEHOLDER = re.compile(r"\{(\w+)\}")


def _read(language: str) -> dict[str, Catalog]:
    """The catalogues of a language, by area."""
    found = {}
    for file in sorted((LOCALES / language).glob("*.po")):
        with file.open("rb") as source:
            found[file.stem] = read_po(source, locale=language)
    return found


def _compiled(catalog: Catalog) -> GNUTranslations:
    """A catalogue compiled in memory: only the readable .po files are kept."""
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _keys_and_texts(catalog: Catalog) -> dict[str, str]:
    """Key → text; of a plural the form for one."""
    return {_first(each.id): _first(each.string) for each in catalog if each.id}


def _first(given: str | list[str] | tuple[str, ...] | None) -> str:
    return given if isinstance(given, str) else (given or [""])[0]


_READ: Final = {language: _read(language) for language in (*LANGUAGES, *CLIENT_LANGUAGES)}
_CATALOGUES: Final[Mapping[str, Mapping[str, GNUTranslations]]] = {
    language: {area: _compiled(catalog) for area, catalog in areas.items()} for language, areas in _READ.items()
}
_MESSAGES: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    language: {area: _keys_and_texts(catalog) for area, catalog in areas.items()} for language, areas in _READ.items()
}


def text(key: str, language: str, **values: object) -> str:
    """The text under `key`, with its placeholders filled. KeyError for a key without a text in that language."""
    found = _catalogue(key, language).gettext(key)
    if found == key:
        raise KeyError(f"{key} has no text in {language}")
    return found.format(**values)


def plural(key: str, count: int, language: str, **values: object) -> str:
    """The form of the text under `key` that goes with `count`; `{count}` in it is the number as it is written."""
    found = _catalogue(key, language).ngettext(key, key, count)
    if found == key:
        raise KeyError(f"{key} has no text in {language}")
    return found.format(count=number(count, language), **values)


def messages(area: str, language: str) -> Mapping[str, str]:
    """All texts of an area by their keys, placeholders and all; of a plural the form for one."""
    return _MESSAGES[language].get(area, {})


def of_code(prefix: str, code: str, language: str) -> str:
    """A code of an API in words: the text under `<prefix>.<code>`.

    The code itself where a newer API tells of one that has no words here yet.
    """
    try:
        return text(f"{prefix}.{code}", language)
    except KeyError:
        return code


def name(names: Mapping[str, str | None] | None, language: str) -> str:
    """A name that is given in several languages, in this one or the next best."""
    if not names:
        return ""
    return names.get(language) or next((found for each in LANGUAGES if (found := names.get(each))), "")


def _catalogue(key: str, language: str) -> GNUTranslations:
    area = key.partition(".")[0]
    try:
        return _CATALOGUES[language][area]
    except KeyError:
        raise KeyError(f"{key} has no text in {language}") from None


def placeholders(message: str) -> frozenset[str]:
    """The names of the placeholders in a text."""
    return frozenset(_PLACEHOLDER.findall(message))


def direction(language: str) -> str:
    """`rtl` for a language that is written from right to left, else `ltr`."""
    return str(Locale.parse(language).text_direction)


def native_name(language: str) -> str:
    """What a language calls itself, as it begins a line."""
    shown = Locale.parse(language).get_display_name(language) or language
    return shown[:1].upper() + shown[1:]


def language_name(code: str, language: str) -> str:
    """What `language` calls the language with a code such as `uk`; the code itself where it has no name for it."""
    return str(Locale.parse(language).languages.get(code, code))


def day(value: date | str, language: str) -> str:
    """A day, such as 30.11.2026; of a moment the day that it is in Kuopio."""
    given = _parsed(value)
    if isinstance(given, datetime):
        given = given.astimezone(KUOPIO).date()
    return format_date(given, _DAYS.get(language, "medium"), locale=_locale(language))


def weekday(value: date | str, language: str) -> str:
    """A day with its weekday, such as `ma 30.11.`, without the year."""
    given = _parsed(value)
    if isinstance(given, datetime):
        given = given.astimezone(KUOPIO).date()
    return format_date(given, "EEE d.M." if language == "fi" else "EEE d MMM", locale=_locale(language))


def clock_time(value: datetime | str, language: str) -> str:
    """The time of day of a moment, such as 14.05."""
    return format_time(_moment(value), "short", tzinfo=KUOPIO, locale=_locale(language))


def moment(value: datetime | str, language: str) -> str:
    """A moment as day and time of day, such as `30.11.2026 klo 14.05`."""
    return format_datetime(_moment(value), _MOMENTS.get(language, "medium"), KUOPIO, _locale(language))


def how_long_ago(value: datetime | str, now: datetime, language: str) -> str:
    """How far a moment lies from now, in words: `3 päivää sitten`, `in 2 hours`."""
    return format_timedelta(_moment(value) - now, add_direction=True, locale=_locale(language))


def duration(seconds: float | None, language: str) -> str:
    """How long something has lasted, in words: `3 minuuttia`; nothing for None."""
    return "" if seconds is None else format_timedelta(timedelta(seconds=seconds), locale=_locale(language))


def number(value: float, language: str) -> str:
    """A number with the signs of the language."""
    return format_decimal(value, locale=_locale(language))


def price(amount: float, currency: str, language: str) -> str:
    """An amount of money, such as `12,50 €`; whole amounts without cents."""
    digits = None if amount != int(amount) else "#,##0\u00a0¤" if language != "en" else "¤#,##0"
    return format_currency(amount, currency, digits, locale=_locale(language), currency_digits=digits is None)


def weekday_name(number: int, language: str, *, width: Literal["abbreviated", "wide"] = "abbreviated") -> str:
    """The name of a day of the week, short unless `width` says otherwise; Monday is 0."""
    return str(get_day_names(width, "stand-alone", _locale(language))[number])


def percent(value: float, language: str) -> str:
    """A share of one as per cent."""
    return format_percent(value, locale=_locale(language))


def enumeration(items: list[str], language: str) -> str:
    """Things one after the other: `a, b ja c`."""
    return format_list(items, locale=_locale(language))


def _locale(language: str) -> str:
    return {"en": "en_GB", "sv": "sv_FI", "fi": "fi_FI"}.get(language, language)


def _moment(value: datetime | str) -> datetime:
    found = _parsed(value)
    if not isinstance(found, datetime):
        raise TypeError("a day has no time of day")
    return found


def _parsed(value: date | str) -> date:
    """A day, or a moment, that may have come in JSON."""
    if not isinstance(value, str):
        return value
    return datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
