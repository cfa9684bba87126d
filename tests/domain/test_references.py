"""A reference is easy to say, and a slip in saying it is noticed."""

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from services.referral.domain.references import ALPHABET, new_reference, parse_reference

Chance = Callable[[str], str]
chances = st.integers(min_value=0).map(lambda seed: Random(seed).choice)


def test_alphabet_has_thirty_characters_that_are_not_confused() -> None:
    assert len(set(ALPHABET)) == 30
    assert set("01ILOU").isdisjoint(ALPHABET)


@pytest.mark.parametrize("_", range(50))
def test_a_new_reference_reads_back(_: int) -> None:
    reference = new_reference()
    assert reference.startswith("KUO-")
    assert len(reference) == len("KUO-7F3K-92")
    assert parse_reference(reference) == reference


@pytest.mark.parametrize("_", range(50))
def test_a_longer_one_reads_back_too(_: int) -> None:
    reference = new_reference(longer=True)
    assert len(reference) == len("KUO-7F3K-P9A")
    assert parse_reference(reference) == reference
    assert parse_reference(reference.lower().replace("-", " ").removeprefix("kuo ")) == reference


@settings(max_examples=300)
@given(chances, st.integers(0, 6), st.sampled_from(ALPHABET))
def test_no_slip_leads_from_a_longer_one_to_another(chance: Chance, place: int, wrong: str) -> None:
    """A wrong character, two swapped, one left out; nor one too many in a shorter one: the same turned round."""
    plain = _plain(new_reference(chance, longer=True))
    before, after = plain[:place], plain[place + 1 :]
    assert plain[place] == wrong or parse_reference(before + wrong + after) is None
    assert parse_reference(before + after) is None
    swapped = before + after[:1] + plain[place] + after[1:]
    assert swapped == plain or parse_reference(swapped) is None


def test_case_spaces_and_hyphens_do_not_matter() -> None:
    reference = new_reference()
    spoken = reference.lower().replace("-", " ")
    assert parse_reference(f"  {spoken} ") == reference
    assert parse_reference(reference.removeprefix("KUO-")) == reference


@given(chances, st.integers(0, 5), st.sampled_from(ALPHABET))
def test_one_wrong_character_is_noticed(chance: Chance, place: int, wrong: str) -> None:
    plain = _plain(new_reference(chance))
    assume(plain[place] != wrong)
    assert parse_reference(plain[:place] + wrong + plain[place + 1 :]) is None


@settings(max_examples=1000)
@given(chances)
def test_two_swapped_neighbours_are_noticed(chance: Chance) -> None:
    plain = _plain(new_reference(chance))
    for place in range(5):
        swapped = plain[:place] + plain[place + 1] + plain[place] + plain[place + 2 :]
        assert swapped == plain or parse_reference(swapped) is None


def test_a_reference_that_would_hide_a_swap_is_not_given_out() -> None:
    """By their checks `CVW7-R7` and `CWV7-R7` are both valid, so a slip from one to the other would not be seen."""
    assert parse_reference("CVW7R7")
    assert parse_reference("CWV7R7")
    drawn = iter("CVW7R" + "23456")
    assert new_reference(lambda _: next(drawn)) == "KUO-2345-65"


def _plain(reference: str) -> str:
    return reference.removeprefix("KUO-").replace("-", "")


@pytest.mark.parametrize("text", ["", "KUO-", "KUO-1111-11", "KUO-7F3K-9", "KUO-7F3K-922", "ÄÖÅ", "KUO-7F3K-9\N{FIRE}"])
def test_anything_else_is_no_reference(text: str) -> None:
    assert parse_reference(text) is None
