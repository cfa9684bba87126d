"""What several answers have in common: languages, translations, and things that are kept in lists."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any
from uuid import UUID, uuid5

from babel import Locale

from services.catalog.domain.texts import LANGUAGES, in_language


def translations(**fields: Mapping[str, str]) -> dict[str, dict[str, str]]:
    """All there is of some texts: language → field → text."""
    by_language = {
        language: {field: texts[language] for field, texts in fields.items() if texts.get(language)}
        for language in LANGUAGES
    }
    return {language: texts for language, texts in by_language.items() if texts}


def language_view(owner_id: UUID, code: str, language: str) -> dict[str, Any]:
    """The language with the tag `code`, named in `language`; `owner_id` is that of what is given or said in it."""
    return {"id": uuid5(owner_id, code), "code": code, "name": _language_name(code, language)}


@lru_cache(maxsize=1000)
def _language_name(code: str, language: str) -> str:
    return str(Locale(language).languages.get(code.partition("-")[0], code))


def thing_view(
    owner_id: UUID, kind: str, kept: Mapping[str, Any], texts: Sequence[str], language: str
) -> dict[str, Any]:
    """A thing of a list, such as a telephone number, with its `texts` in `language` and all translations beside them.

    Its id is made of what it says: it lasts as long as nothing about it changes.
    """
    said = {name: kept.get(name, {}) for name in texts}
    return {
        **kept,
        **{name: in_language(text, language) or None for name, text in said.items()},
        "id": uuid5(owner_id, f"{kind}:{json.dumps(kept, sort_keys=True)}"),
        "translations": translations(**said),
    }
