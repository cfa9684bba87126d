"""The words of notices and mail in Finnish, Swedish and English, out of the gettext catalogues in `locales/`."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path
from typing import Final, get_args
from unicodedata import category
from uuid import UUID

from babel.lists import format_list
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from services.notifications.domain.wording import AboutOrganization, Facts, wording
from shared.events.catalog import Language
from shared.events.envelope import Names
from shared.portal_paths import overview_url, referral_url, sign_in_url

LOCALES: Final = Path(__file__).parent / "locales"
LANGUAGES: Final[tuple[Language, ...]] = get_args(Language)


def _load(language: str) -> GNUTranslations:
    """A catalogue compiled in memory: only the readable .po files are kept."""
    with (LOCALES / f"{language}.po").open("rb") as source:
        catalog = read_po(source, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)


_CATALOGUES: Final[Mapping[str, GNUTranslations]] = {language: _load(language) for language in LANGUAGES}


@dataclass(frozen=True)
class Texts:
    """A notice in words: a title of one line, and a body of one to three sentences."""

    title: str
    body: str


def text(key: str, language: str, **values: str) -> str:
    """The text under `key` in `language`, with its placeholders filled. KeyError for a key without a text."""
    found = _CATALOGUES[language].gettext(key)
    if found == key:
        raise KeyError(f"{key} has no text in {language}")
    return found.format(**values)


def status_name(status: str, language: str) -> str:
    """A status in words; the code itself where a newer service tells of one that has no words here yet."""
    try:
        return text(f"status.{status}", language)
    except KeyError:
        return status


def role_name(role: str, language: str) -> str:
    """A role in words; the code itself where a newer service tells of one that has no words here yet."""
    try:
        return text(f"role.{role}", language)
    except KeyError:
        return role


def notice_texts(event_type: str, about: Facts, language: str) -> Texts:
    """A notice in words, for its recipient in `language` (fi, sv, en)."""
    values = placeholders(about, language)
    key = wording(event_type, about)
    return Texts(text(f"{key}.title", language, **values), text(f"{key}.body", language, **values))


def placeholders(about: Facts, language: str) -> dict[str, str]:
    """What the texts may speak of; each on one line, for a title becomes the subject of a mail."""
    if isinstance(about, AboutOrganization):
        roles = format_list([role_name(role, language) for role in about.roles], locale=language)
        return {"organization": one_line(about.organization, language), "roles": roles}
    names = {
        "source": about.source,
        "target": about.target,
        "service": about.service,
        "suggested": about.suggested,
        "suggested_from": about.suggested_from,
        "unreached": about.unreached,
    }
    shown = {name: one_line(value, language) for name, value in names.items() if value}
    return {"reference": about.reference, **shown}


def one_line(names: Names, language: str) -> str:
    """A name in `language`, its white space made plain, without control characters."""
    name = names.in_language(language)
    return " ".join("".join(" " if category(letter) == "Cc" else letter for letter in name).split())


def link_to(public_url: str, referral_id: UUID | None, about: Facts) -> str:
    """The address to which a notice links: the referral, the overview for coordinators, the way in for the invited.

    The overview, too, where there is no referral.
    """
    if isinstance(about, AboutOrganization) and about.is_invitation:
        return sign_in_url(public_url)
    if referral_id is None or about.to_coordinator:
        return overview_url(public_url)
    return referral_url(public_url, referral_id)
