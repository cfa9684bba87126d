"""How long ago something was, as `luotsi doctor` says it."""

import pytest

from luotsi.doctor.finding import age


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (119.4, "119 s"),
        (120, "2 min"),
        (2 * 3600 - 1, "119 min"),
        (47.9 * 3600, "47 h"),
        (2.9 * 86_400, "2 days"),
    ],
)
def test_units_that_are_over_are_counted(seconds: float, said: str) -> None:
    assert age(seconds) == said
