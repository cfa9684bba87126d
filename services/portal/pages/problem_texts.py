"""What an API says is wrong, in the person's language: the same words as over the API, which speaks English.

The English catalogue holds the API's own words, with placeholders for what varies in them. What the API says is looked
up there, and said in the other language under the same key. What has no words of its own is said by its problem's name.
"""

import re
from functools import cache
from typing import Final

from services.portal import texts
from shared.problems import Problem

_AREA: Final = "problems"
_FALLBACK: Final = "refused"


def title_of(problem: Problem, language: str) -> str:
    """A problem in a few words."""
    return _by_name(problem.name, "title", language)


def advice_on(problem: Problem, language: str) -> str:
    """What a person can do about a problem."""
    return _by_name(problem.name, "text", language)


def detail_of(problem: Problem, language: str) -> str:
    """What an API says of a problem as a whole."""
    return _translated(problem.detail, language) or advice_on(problem, language)


def message_of(name: str, message: str, language: str) -> str:
    """What an API says of a field; `name` is that of the problem."""
    return _translated(message, language) or _by_name(name, "text", language)


def _by_name(name: str, part: str, language: str) -> str:
    for each in (name, _FALLBACK):
        try:
            return texts.text(f"{_AREA}.{each}.{part}", language)
        except KeyError:
            continue
    raise KeyError(_FALLBACK)


def _translated(english: str, language: str) -> str | None:
    """Words of an API in another language; None where they are not known."""
    for key, pattern in _patterns():
        if found := pattern.fullmatch(english):
            return texts.text(key, language, **found.groupdict())
    return None


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The words that are known, the longest first: one with a placeholder may fit what another says outright."""
    known = texts.messages(_AREA, "en")
    said = {key: message for key, message in known.items() if key.startswith(f"{_AREA}.says.")}
    by_length = sorted(said.items(), key=lambda each: len(each[1]), reverse=True)
    return [(key, re.compile(_pattern(message), re.DOTALL)) for key, message in by_length]


def _pattern(message: str) -> str:
    parts = re.split(r"\{(\w+)\}", message)
    return "".join(re.escape(part) if number % 2 == 0 else f"(?P<{part}>.+?)" for number, part in enumerate(parts))
