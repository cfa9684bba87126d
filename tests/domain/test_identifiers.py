"""Two ways of writing the same name, number or address come out alike; different ones don't."""

import pytest

from services.referral.domain.identifiers import normalise, shown, sought


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("name", "Ääri Öljy", "öljy  ÄÄRI"),
        ("name", "José-María", "jose maria"),
        ("name", "Anna-Liisa Mäki", "Mäki Annaliisa"),
        ("name", "Işık Łódź", "lodz ISIK"),
        ("phone", "040 123 4567", "+358 40 1234567"),
        ("phone", "+358 (0)44 000 6543", "tel:358440006543"),
        ("phone", "(040) 123-4567", "00358401234567"),
        ("email", "Desk@Example.ORG ", "desk@example.org"),
        ("email", "mailto:desk@example.org", "de\u200bsk@example.org."),
        ("email", "a@bücher.example", "A@xn--bcher-kva.example"),
        ("business_id", "2077474-0", "20774740"),
        ("business_id", "2077474-0", "FI20774740"),
    ],
)
def test_two_ways_of_writing_the_same(field: str, one: str, other: str) -> None:
    assert normalise(field, one) in sought(field, other)
    assert normalise(field, other) in sought(field, one)


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("name", "Aino Virta", "Aino Virtanen"),
        ("name", "सीता", "सिता"),
        ("phone", "040 123 4567", "+46 40 1234567"),
        ("email", "a@example.org", "b@example.org"),
    ],
)
def test_different_ones_stay_different(field: str, one: str, other: str) -> None:
    assert normalise(field, one) not in sought(field, other)


def test_nothing_left_is_empty() -> None:
    assert normalise("name", " - ") == ""
    assert normalise("phone", "-") == ""
    assert sought("name", " - ") == sought("phone", "-") == []


def test_numbers_are_shown_in_international_form_where_they_are_some() -> None:
    assert shown("phone", "040-1234567") == "+358 40 1234567"
    assert shown("phone", "of an older version, 1") == "of an older version, 1"
    assert shown("name", "040 1234567") == "040 1234567"
