"""The words of the pages: every key that is used has a text in each language, and every text is used."""

import re
from pathlib import Path

import pytest

from services.notifications.texts import text as _mail
from services.portal import texts
from services.portal.domain.roles import ROLES

ROOT = Path(texts.__file__).parent
AREAS_FOR_CLIENTS = ("consent",)
_USED = re.compile(r"""\bt[n]?\(\s*["']([a-z0-9_.-]+)["']""")
_CODES = re.compile(r"""\b(?:code|of_code)\(\s*["']([a-z0-9_.-]+)["']""")
_LITERAL = re.compile(r"""["']([a-z0-9_-]+(?:\.[a-z0-9_-]+)+)["']""")
_BY_NAME = ("problems.",)
"""Areas whose keys are put together: their own tests hold them"""


_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)


def _sources() -> dict[Path, str]:
    files = [*ROOT.rglob("*.py"), *(ROOT / "templates").rglob("*.html")]
    return {file: _COMMENT.sub("", file.read_text()) for file in files if "migrations" not in file.parts}


def _keys(language: str) -> dict[str, str]:
    areas = sorted(file.stem for file in (texts.LOCALES / language).glob("*.po"))
    return {key: message for area in areas for key, message in texts.messages(area, language).items()}


def test_every_key_that_is_used_has_a_text() -> None:
    known = _keys("fi")
    used = {key: file for file, source in _sources().items() for key in _USED.findall(source)}
    assert {key: file.name for key, file in used.items() if key not in known} == {}
    prefixes = {key: file for file, source in _sources().items() for key in _CODES.findall(source)}
    assert {key: file.name for key, file in prefixes.items() if not any(k.startswith(f"{key}.") for k in known)} == {}


def test_every_text_is_used() -> None:
    sources = _sources().values()
    literal = {key for source in sources for key in _LITERAL.findall(source)}
    prefixes = tuple(f"{key}." for source in sources for key in _CODES.findall(source)) + _BY_NAME
    unused = [key for key in _keys("fi") if key not in literal and not key.startswith(prefixes)]
    assert unused == []


@pytest.mark.parametrize("language", ["sv", "en"])
def test_each_language_has_the_same_keys_with_the_same_placeholders(language: str) -> None:
    finnish, other = _keys("fi"), _keys(language)
    assert sorted(finnish) == sorted(other)
    unlike = [key for key, text in finnish.items() if texts.placeholders(text) != texts.placeholders(other[key])]
    assert unlike == []


_OTHER_WORDS = {
    "fi": r"\bjäsen(?!yy)",
    "sv": r"\b(rådgivare|samordnare|ersättare|ersättarna|medlemmar|medlemmen)",
}
"""Words for what has another word all over the pages and the mails: ohjaaja, koordinator, ställföreträdare, …"""


@pytest.mark.parametrize("language", sorted(_OTHER_WORDS))
def test_one_thing_has_one_word(language: str) -> None:
    other = re.compile(_OTHER_WORDS[language], re.IGNORECASE)
    assert {key: text for key, text in _keys(language).items() if other.search(text)} == {}


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
def test_a_role_is_called_the_same_on_every_page_and_in_the_mail(language: str) -> None:
    said = _keys(language)
    for role in ROLES:
        word = said[f"sign_in.role.{role}"]
        assert said[f"organization.role.{role}"].lower() == word
        assert word in _mail(f"role.{role}", language).split()


def test_languages_of_clients_have_the_areas_for_clients_and_no_others() -> None:
    for language in texts.CLIENT_LANGUAGES:
        present = {key.partition(".")[0] for key in _keys(language)}
        assert present <= set(AREAS_FOR_CLIENTS)
        for area in present:
            assert sorted(texts.messages(area, language)) == sorted(texts.messages(area, "fi"))


@pytest.mark.parametrize("language", texts.LANGUAGES)
def test_no_text_is_empty_and_each_stands_in_its_area_in_the_order_of_keys(language: str) -> None:
    for file in (texts.LOCALES / language).glob("*.po"):
        messages = texts.messages(file.stem, language)
        assert [key for key in messages if not key.startswith(f"{file.stem}.")] == []
        assert list(messages) == sorted(messages), f"{file} is not sorted by key"
        assert [key for key, text in messages.items() if not text.strip()] == []


def test_no_template_has_words_of_its_own() -> None:
    of_jinja = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
    of_html = re.compile(r"[\w-]+=\"[^\"]*\"|[\w-]+='[^']*'|<[^>]*>|&\w+;", re.DOTALL)
    words = {}
    for file in (ROOT / "templates").rglob("*.html"):
        outside = of_html.sub(" ", of_jinja.sub("", _COMMENT.sub("", file.read_text())))
        left = re.findall(r"[^\W\d_]{2,}", outside)
        if left:
            words[file.name] = left
    assert words == {}
