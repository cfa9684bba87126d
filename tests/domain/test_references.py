"""A reference is easy to say, and a slip in saying it is noticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.referral.references import ALPHABET, new_reference, parse_reference


def test_alphabet_has_thirty_characters_that_are_not_confused() -> None:
    assert len(set(ALPHABET)) == 30
    assert set("01ILOU").isdisjoint(ALPHABET)


@pytest.mark.parametrize("_", range(50))
def test_a_new_reference_reads_back(_: int) -> None:
    reference = new_reference()
    assert reference.startswith("KUO-")
    assert len(reference) == len("KUO-7F3K-92")
    assert parse_reference(reference) == reference


def test_case_spaces_and_hyphens_do_not_matter() -> None:
    reference = new_reference()
    spoken = reference.lower().replace("-", " ")
    assert parse_reference(f"  {spoken} ") == reference
    assert parse_reference(reference.removeprefix("KUO-")) == reference


@given(st.integers(0, 5), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(place: int, wrong: str) -> None:
    plain = new_reference().removeprefix("KUO-").replace("-", "")
    if plain[place] != wrong:
        assert parse_reference(plain[:place] + wrong + plain[place + 1 :]) is None


@given(st.integers(0, 4))
def test_two_swapped_neighbours_are_noticed(place: int) -> None:
    plain = new_reference().removeprefix("KUO-").replace("-", "")
    swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
    if swapped != plain:
        assert parse_reference(swapped) is None


@pytest.mark.parametrize("text", ["", "KUO-", "KUO-1111-11", "KUO-7F3K-9", "KUO-7F3K-922", "ÄÖÅ", "KUO-7F3K-9\N{FIRE}"])
def test_anything_else_is_no_reference(text: str) -> None:
    assert parse_reference(text) is None
