"""Languages of the catalogue's texts, and slugs made of names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.domain.target_groups import TARGET_GROUPS, term_id
from services.catalog.domain.texts import LANGUAGES, as_names, choose_language, in_language, slug_from


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "fi"),
        ("", "fi"),
        ("sv", "sv"),
        ("en-GB,en;q=0.9", "en"),
        ("SV-FI", "sv"),
        ("de, sv;q=0.5, en;q=0.8", "en"),
        ("de", "fi"),
        ("en;q=0.5, sv;q=0.5", "en"),
        ("sv;q=0.5, en;q=0.5", "sv"),
        ("fi;q=0, en", "en"),
        ("*", "fi"),
        ("fi;q=0, *", "sv"),
        ("en;q=0.1, *;q=0.9", "fi"),
        ("sv;q=nonsense", "sv"),
        ("en;q=0, sv;q=0, fi;q=0", "fi"),
        (";;,,q=", "fi"),
    ],
)
def test_the_language_asked_for_most_is_chosen(header: str | None, language: str) -> None:
    assert choose_language(header) == language


@given(st.text(max_size=80))
def test_any_header_gives_a_language(header: str) -> None:
    assert choose_language(header) in LANGUAGES


def test_a_missing_translation_is_replaced_by_the_next_best() -> None:
    assert in_language({"fi": "palvelu", "en": "service"}, "sv") == "palvelu"
    assert in_language({"sv": "tjänst", "en": "service"}, "fi") == "service"
    assert in_language({"sv": "tjänst"}, "en") == "tjänst"
    assert in_language({}, "fi") == ""
    assert as_names({"sv": "tjänst"}).model_dump() == {"fi": "tjänst", "sv": "tjänst", "en": "tjänst"}


@pytest.mark.parametrize(
    ("name", "slug"),
    [("Itä-Suomen yliopisto", "ita-suomen-yliopisto"), ("  KYS  ", "kys"), ("مركز", ""), ("Кухня 24", "24")],
)
def test_a_slug_is_made_of_a_name(name: str, slug: str) -> None:
    assert slug_from(name, 80) == slug


def test_a_long_name_makes_a_short_slug_without_a_loose_end() -> None:
    assert slug_from("abcdef ghijkl", 7) == "abcdef"


def test_every_target_group_has_a_name_in_each_language_and_an_id_of_its_own() -> None:
    assert all(set(names) == set(LANGUAGES) and all(names.values()) for names in TARGET_GROUPS.values())
    assert len({term_id(code) for code in TARGET_GROUPS}) == len(TARGET_GROUPS)
