"""Telephone numbers: one form for one number, however it was written down or pasted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.telephones import is_number, readable, same_number

ONE_NUMBER = [
    "044 000 6543",
    "0440006543",
    "044-0006543",
    "044.000.6543",
    "044/000 6543",
    "(044) 000 6543",
    "+358 44 000 6543",
    "+358 (0)44 000 6543",
    "+358 0 44 000 6543",
    "+358 044 0006543",
    "+358-0-44-000-6543",
    "(+358) 44 000 6543",
    "+ 358 44 0006543",
    "358440006543",
    "358 044 0006543",
    "00358440006543",
    "00 358 (0)44 000 6543",
    "+00358440006543",
    "tel:+358440006543",
    "tel:+358-44-000-6543",
    "TEL: 044 000 6543",
    "puh. 044 000 6543",
    "Gsm 044 000 6543",
    "\u202a+358 44 000 6543\u202c",
    "\u2068044\u00a0000\u202f6543\u2069",
    "044\u2011000\u20136543",
    "044 000 6543\u200e\u200f",
    "044\u200b000\u00ad6543",
    "０４４ ０００ ６５４３",
    "٠٤٤ ٠٠٠ ٦٥٤٣",
    "۰۴۴ ۰۰۰ ۶۵۴۳",
    "\t044 000 6543\n",
    "tel:0440006543;phone-context=+358",
    "tel:+358440006543;phone-context=+358",
    "\u260e 044 000 6543",
    "\U0001f4de 044 000 6543",
    "Puhelinnumero: 044 000 6543",
    "Puhelin nro 044 000 6543",
    "Tfn: 044-000 65 43",
    "WhatsApp +358 44 000 6543",
    "https://wa.me/358440006543",
    "nr 044 000 6543",
    "044 000 6543;",
    "044\u00b7000\u00b76543",
    "044_000_6543",
    "[+358] 44 0006543",
    "+358 [0] 44 000 6543",
    "00+358440006543",
    "'+358440006543",
    "=+358440006543",
]


@pytest.mark.parametrize("written", ONE_NUMBER)
def test_one_number_has_one_form(written: str) -> None:
    assert same_number(written) == "+358440006543"
    assert readable(written) == "+358 44 0006543"


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("+46 (0)70-123 45 67", "+46701234567"),
        ("0046 70 123 45 67", "+46701234567"),
        ("+7 (912) 345-67-89", "+79123456789"),
        ("+1 (415) 555-2671", "+14155552671"),
        ("+44 (0)20 7946 0018", "+442079460018"),
        ("+963 944 567 891", "+963944567891"),
        ("017 123 456", "+35817123456"),
        ("12345", "+35812345"),
        ("044 000 6543 ext. 12", "+358440006543;ext=12"),
        ("044 000 6543, alanumero 12", "+358440006543;ext=12"),
        ("tel:+358440006543;ext=12", "+358440006543;ext=12"),
        ("044 000 6543 x12", "+358440006543;ext=12"),
    ],
)
def test_numbers_abroad_and_extensions(written: str, same: str) -> None:
    assert same_number(written) == same


@pytest.mark.parametrize(
    "text", ["", "1", "-", "nowhere", "call me", "040 123 4567 / 050 123 4567", "+358", "1" * 30, "131052-308T", "++"]
)
def test_what_is_no_number_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="such as 040 123 4567"):
        readable(text)
    assert not is_number(text)


def test_other_numbers_stay_others() -> None:
    assert same_number("040 123 4567") != same_number("+46 40 1234567")
    assert same_number("040 123 4567") != same_number("040 123 4567 ext 1")
    assert same_number("no number 99") == "99", "what was kept before there were rules is still found by its digits"


@given(st.text("0123456789+ ()-./x;=telp\u200e\u00a0", max_size=40))
def test_the_readable_form_is_the_same_number(text: str) -> None:
    try:
        shown = readable(text)
    except ValueError:
        return
    assert same_number(shown) == same_number(text)
    assert readable(shown) == shown
