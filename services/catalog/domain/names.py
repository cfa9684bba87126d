"""Rules of names and slugs: what a slug is, how one is made of a name, which change of a name is a renaming."""

import re
from collections.abc import Mapping

from services.catalog.domain.refusals import RuleBroken
from services.catalog.domain.texts import LANGUAGES, in_language, slug_from
from shared.values.sort_keys import sort_key

LONGEST_SLUG = 80
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_UUID_LIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def is_slug(text: str) -> bool:
    """Whether `text` is small letters, digits and single hyphens, not too long, and no UUID."""
    return len(text) <= LONGEST_SLUG and _SLUG.fullmatch(text) is not None and not _UUID_LIKE.fullmatch(text)


def check_slug(slug: str) -> str:
    """The slug itself. Raises RuleBroken unless it is one."""
    if not is_slug(slug):
        raise RuleBroken(
            f"A slug has small letters a-z, digits and single hyphens between them, at most {LONGEST_SLUG} characters.",
            "slug",
        )
    return slug


def slug_for(slug: str | None, name: Mapping[str, str]) -> str:
    """The slug that was given, or one made of the name in English or what there is. Raises RuleBroken."""
    if slug is not None:
        return check_slug(slug)
    made = slug_from(in_language(name, "en"), LONGEST_SLUG)
    if not made:
        raise RuleBroken("No slug can be made of this name: give one.", "slug")
    return check_slug(made)


def sort_keys(name: Mapping[str, str]) -> dict[str, str]:
    """By which key the name is sorted in a list, for each language of the list."""
    return {language: sort_key(in_language(name, language)) for language in LANGUAGES}


def renamed(before: Mapping[str, str], after: Mapping[str, str]) -> bool:
    """Whether a name that people know is gone, so that it must live on as an alias. A new translation is no loss."""
    return any(after.get(language) != name for language, name in before.items())
