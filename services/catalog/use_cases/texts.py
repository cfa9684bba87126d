"""Texts in several languages, as they are after a change."""

from collections.abc import Mapping

from services.catalog.domain.texts import LANGUAGES
from services.catalog.schemas.keywords import Keywords
from services.catalog.schemas.parts import Description, Name
from services.catalog.tables import Texts, Words
from services.catalog.use_cases.refusals import invalid_field


def given(texts: Name | Description | None, field: str = "", *, needed: bool = False) -> Texts:
    """The texts that were given, by language. Raises 422 when there is none of a text that is `needed`."""
    return merged({}, texts, field, needed=needed)


def merged(before: Mapping[str, str], change: Name | Description | None, field: str, *, needed: bool = False) -> Texts:
    """The texts after a change: languages it leaves out stay, null takes one away, a null change all of them.

    Raises 422 when none is left of a text that is `needed`.
    """
    changes = {} if change is None else change.model_dump(exclude_unset=True)
    after = {} if change is None else {**before, **changes}
    kept: Texts = {language: after[language] for language in LANGUAGES if after.get(language)}
    if needed and not kept:
        raise invalid_field("The text is needed in at least one language.", field)
    return kept


def merged_keywords(before: Words | None, change: Keywords | None) -> Words:
    """The keywords after a change: languages it leaves out stay, null takes away those of one, or all of them."""
    if change is None:
        return {}
    after = {**(before or {}), **change.model_dump(exclude_unset=True)}
    return {language: after[language] for language in LANGUAGES if after.get(language)}
