"""Texts in the platform's languages: which one to show, and a slug made of one."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from shared.events.catalog import Language
from shared.events.envelope import Names
from shared.values.folding import words

LANGUAGES: tuple[Language, ...] = ("fi", "sv", "en")
_LONGEST_HEADER = 1000
_INSTEAD: tuple[Language, ...] = ("fi", "en", "sv")

_QUALITY = re.compile(r"q\s*=\s*([01](?:\.[0-9]{0,3})?)")


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in `language`; where it is not translated, the first there is of Finnish, English, Swedish."""
    return texts.get(language_of(texts, language), "")


def language_of(texts: Mapping[str, Any], language: str) -> str:
    """Which language to show of what there is in several: `language`, else the first of Finnish, English, Swedish."""
    return next((choice for choice in (language, *_INSTEAD) if texts.get(choice)), language)


def languages_shown(texts: Iterable[Mapping[str, str]], language: Language) -> list[Language]:
    """The languages that texts are in when they are shown in `language`: itself first, if any is; it, without texts."""
    choices = (language, *_INSTEAD)
    shown = [next((choice for choice in choices if each.get(choice)), None) for each in texts]
    return [choice for choice in dict.fromkeys(choices) if choice in shown] or [language]


def as_names(texts: Mapping[str, str]) -> Names:
    """The texts with every language filled."""
    return Names(**{language: in_language(texts, language) for language in LANGUAGES})


def choose_language(accept_language: str | None) -> Language:
    """The platform's language that an `Accept-Language` header asks for most (RFC 9110, section 12.5.4).

    Finnish when it asks for none of them. Of two with the same quality the one named first counts.
    """
    wanted: dict[str, float] = {}
    for item in (accept_language or "")[:_LONGEST_HEADER].lower().split(","):
        tag, _, parameters = item.partition(";")
        quality = _QUALITY.fullmatch(parameters.strip())
        wanted.setdefault(tag.strip().partition("-")[0], float(quality[1]) if quality else 1.0)
    named: list[tuple[Language, float]] = [(choice, wanted[choice]) for choice in LANGUAGES if choice in wanted]
    named.sort(key=lambda each: list(wanted).index(each[0]))
    others: list[tuple[Language, float]] = [
        (choice, wanted.get("*", 0)) for choice in LANGUAGES if choice not in wanted
    ]
    best = max([*named, *others], key=lambda each: each[1])
    return best[0] if best[1] > 0 else "fi"


def slug_from(text: str, longest: int) -> str:
    """A slug made of the words of a name; empty when it has none in Latin letters."""
    latin = [word for word in words(text) if word.isascii()]
    return "-".join(latin)[:longest].strip("-")
