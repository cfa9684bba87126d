"""Colours that can be read: each text on each ground that it stands on, by day and by night, and edges of controls."""

import re
from pathlib import Path
from typing import Final

import pytest

TOKENS: Final = Path("services/portal/static/tokens.css")
TEXT, EDGE = 4.5, 3.0
GROUNDS: Final = ("paper", "surface", "water", "land", "port-tint", "starboard-tint")
INKS: Final = ("ink", "ink-soft", "lake", "lake-strong", "pilot", "port", "starboard", "amber")
PAIRS: Final = (
    *((ink, ground, TEXT) for ink in INKS for ground in GROUNDS),
    *(("edge", ground, EDGE) for ground in GROUNDS),
    ("on-deep", "deep", TEXT),
    ("on-deep-soft", "deep", TEXT),
    ("on-lake", "lake", TEXT),
    ("on-lake", "lake-strong", TEXT),
    ("on-pilot", "pilot", TEXT),
    ("on-port", "port", TEXT),
    ("on-starboard", "starboard", TEXT),
)


def colours() -> dict[str, tuple[str, str]]:
    """Each colour by its name, by day and by night."""
    declared = re.findall(r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\);", TOKENS.read_text())
    return {name: (day, night) for name, day, night in declared}


def luminance(colour: str) -> float:
    """How light a colour is, as WCAG reckons it."""
    channels = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """How far two colours stand out from each other: 1 to 21."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_is_reckoned_as_wcag_does() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("when", [0, 1], ids=["day", "night"])
def test_every_text_stands_out_from_every_ground(when: int) -> None:
    found = colours()
    weak = [
        f"{ink} on {ground}: {ratio:.2f}, not {needed}"
        for ink, ground, needed in PAIRS
        if (ratio := contrast(found[ink][when], found[ground][when])) < needed
    ]
    assert not weak


def test_colours_are_in_one_file() -> None:
    """A city that replaces tokens.css has replaced every colour, but for those of the mark."""
    rules = re.sub(r"/\*.*?\*/", "", Path("services/portal/static/portal.css").read_text(), flags=re.DOTALL)
    outside_print = rules.split("@media print")[0]
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b|\brgba?\([^)]*\)|\bhsl\w?\(", outside_print)) <= {"rgb(0 0 0 / 25%)"}


def test_every_name_that_the_style_uses_is_declared() -> None:
    style = Path("services/portal/static/portal.css").read_text()
    declared = set(re.findall(r"(--[\w-]+):", TOKENS.read_text()))
    used = set(re.findall(r"var\((--[\w-]+)\)", style))
    assert not used - declared
    assert not declared - used, "declared, and used nowhere"
