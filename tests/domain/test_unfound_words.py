"""Which words of a query that found nothing may be counted, and as which bit a member counts."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.catalog.domain.search import typed_words
from services.catalog.domain.unfound_words import BITS, bit_of, quarter_of, words_to_count

NOTHING = [
    "131052-308T",
    "040 123 4567",
    "+358 40 1234567",
    "kaisa@posti.example",
    "asiakas kaisa@posti",
    "www.kela.example hakemus",
    "https://kela.example",
    "Kauppakatu ilves",
    "Puijonkatu 3",
    "Storgatan",
    "Zzyra Qwombo",
    "apua Zzyra Qwombolle",
    "Zzyra-Liisa Qwombo",
    "O'Zzyra Qwombo",
    "Зоря Иванова",
    "huone ٣",
    "kerros Ⅻ",
    "x²y",
]
KEPT = {
    "hammaslääkäri": ["hammaslääkäri"],
    "Hammaslääkäri": ["hammaslääkäri"],
    "HAMMASLÄÄKÄRI AIKA": ["hammaslääkäri", "aika"],
    "zumba ja salsa": ["zumba", "salsa"],
    "EU zumba": ["zumba"],
    "tandläkare i Kuopio": ["tandläkare", "kuopio"],
    "مترجم": ["مترجم"],
    "a" * 41: [],
    "zq": [],
}


@pytest.mark.parametrize("query", NOTHING)
def test_nothing_is_kept_of_what_looks_like_a_name_number_or_address(query: str) -> None:
    assert words_to_count(query, typed_words(query)) == []


@pytest.mark.parametrize(("query", "kept"), KEPT.items())
def test_other_words_may_be_counted(query: str, kept: list[str]) -> None:
    assert words_to_count(query, typed_words(query)) == kept


@given(st.text(max_size=60))
def test_what_is_kept_is_letters_only(query: str) -> None:
    for word in words_to_count(query, typed_words(query)):
        assert word.isalpha()
        assert 3 <= len(word) <= 40


def test_only_words_that_found_nothing_are_counted() -> None:
    assert words_to_count("zumba neuvonta", typed_words("zumba")) == ["zumba"]


@given(st.binary(min_size=32, max_size=32))
def test_a_member_is_one_bit(digest: bytes) -> None:
    bit = bit_of(digest)
    assert bit.bit_count() == 1
    assert bit < 1 << BITS


def test_quarters_of_the_year() -> None:
    assert [quarter_of(date(2026, month, 1)) for month in (1, 3, 4, 12)] == ["2026-1", "2026-1", "2026-2", "2026-4"]
