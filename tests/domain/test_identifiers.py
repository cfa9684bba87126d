"""Two ways of writing the same name, number or address come out alike; different ones don't."""

import pytest

from services.referral.domain.identifiers import normalise


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("name", "Ääri Öljy", "öljy  ÄÄRI"),
        ("name", "José-María", "jose maria"),
        ("phone", "040 123 4567", "+358 40 1234567"),
        ("phone", "(040) 123-4567", "00358401234567"),
        ("email", "Desk@Example.ORG ", "desk@example.org"),
        ("business_id", "2077474-0", "20774740"),
    ],
)
def test_two_ways_of_writing_the_same(field: str, one: str, other: str) -> None:
    assert normalise(field, one) == normalise(field, other) != ""


@pytest.mark.parametrize(
    ("field", "one", "other"),
    [
        ("name", "Aino Virta", "Aino Virtanen"),
        ("phone", "040 123 4567", "+46 40 1234567"),
        ("email", "a@example.org", "b@example.org"),
    ],
)
def test_different_ones_stay_different(field: str, one: str, other: str) -> None:
    assert normalise(field, one) != normalise(field, other)


def test_nothing_left_is_empty() -> None:
    assert normalise("name", " - ") == ""
    assert normalise("phone", "-") == ""
