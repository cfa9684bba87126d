"""The order of names: that of the Finnish alphabet."""

import random
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.sort_keys import sort_key

IN_ORDER = [
    ["Aalto", "Espoo", "Kuopio", "Ylä-Savo", "Zonta", "Åbo", "Äänekoski", "Öljymäki"],
    ["Oulu", "Zeta", "Åkerlund", "Ägäis", "Österman"],
    ["ea", "éb", "ec", "Éd", "ee"],
    ["cote", "coté", "côte", "côté"],  # accents decide only between the same
    ["kahvi", "Kahvi", "kahvila", "Kahvila"],
    ["Lehto", "Łódź", "Lund"],
    ["Vaara", "Viita", "Waara", "Wiik", "Xylo"],  # w is a letter of its own
    ["Da", "Đb", "dc", "ðd", "De"],
    ["teea", "Tha", "Þb", "THc", "Tia"],
    ["Ya", "Üb", "Yc", "Űd", "Ye", "Za"],
    ["Äa", "Æb", "Äc", "Ǽd", "Äe", "Öa", "Øb", "Öc", "Őd", "Öe", "Õf", "Ög", "Œh", "Öi"],
    ["Åa", "Ǻb", "Åc"],
    ["Strase", "Straße", "Strassf"],
    ["Ni", "Ŋj", "Nk", "Ti", "Ŧj", "Tk", "Ži", "Žižek", "Zj"],
    ["Palvelu 1", "Palvelu 2", "Palvelu 9", "Palvelu 10", "Palvelu 011", "Palvelu 100", "Palvelu a"],
    ["1. linja", "2 linja", "Linja"],
    ["Kuopio", "Kuopio A", "Kuopio-Seura", "Kuopio Z", "Kuopiola"],
    ["D'Arc", "DArc", "D\u2019Arcy", "Darcz"],
    ["O", "Ö"],
    ["zzz", "åäö", "ääö", "Αθήνα", "Москва", "كويت", "東京"],
    ["e", "é"],
    ["", "a"],
]


@pytest.mark.parametrize("names", IN_ORDER, ids=lambda names: names[0] or "empty")
def test_names_are_sorted_as_finnish_readers_look_for_them(names: list[str]) -> None:
    shuffled = random.Random(1).sample(names, k=len(names))
    assert sorted(shuffled, key=sort_key) == names


@given(st.text(max_size=30), st.text(max_size=30))
def test_how_a_letter_is_encoded_changes_nothing_and_no_two_names_share_a_key(one: str, other: str) -> None:
    apart = unicodedata.normalize("NFD", one)
    assert sort_key(apart) == sort_key(one)
    assert sort_key(one).encode("utf-8", "surrogatepass") >= b""
    if unicodedata.normalize("NFC", one) != unicodedata.normalize("NFC", other) and "\x00" not in one + other:
        assert sort_key(one) != sort_key(other)


@given(st.lists(st.text(max_size=12), max_size=8))
def test_the_order_of_keys_is_that_of_their_bytes(names: list[str]) -> None:
    """PostgreSQL compares bytes, Python code points; and it holds no NUL."""
    keys = [sort_key(name) for name in names]
    assert sorted(keys) == sorted(keys, key=lambda key: key.encode())
    assert not [key for key in keys if "\x00" in key]


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_numbers_count_by_their_value(one: int, other: int) -> None:
    assert (sort_key(f"Talo {one}") < sort_key(f"Talo {other}")) is (one < other)
