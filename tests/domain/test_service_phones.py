"""Telephone numbers of services: what can be dialled."""

import pytest

from services.catalog.domain.phones import dialled


@pytest.mark.parametrize(
    ("typed", "number"),
    [
        ("017 182 000", "+358 17 182000"),
        ("+358 (0)17 182 000", "+358 17 182000"),
        ("040\N{NO-BREAK SPACE}123 4567", "+358 40 1234567"),
        ("+46 70 123 45 67", "+46 70 123 45 67"),
        ("0800 123 123", "+358 800 123123"),
        ("112", "112"),
        ("116 117", "116117"),
        ("116-117", "116117"),
    ],
)
def test_a_number_is_written_as_it_is_dialled(typed: str, number: str) -> None:
    assert dialled(typed) == number
    assert dialled(number) == number


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "abc",
        "17",
        "+358",
        "0800 FLOWERS",
        "040 123 4567 ext. 5",
        "040 123",
        "+999 123 4567",
        "1" * 40,
        "040,050",
    ],
)
def test_what_cannot_be_dialled_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r"number|extension"):
        dialled(typed)
