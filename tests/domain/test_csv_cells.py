"""Cells of a CSV: text that no spreadsheet runs, whatever it takes for a separator."""

import re
import unicodedata
from itertools import product

import pytest

from services.referral.api.report_csv import harmless

STARTS = (*"=+-@", *"\uff1d\uff0b\uff0d\uff20", *"\ufe66\ufe62\ufe63\ufe6b", "\u207c", "\N{MINUS SIGN}")
BEFORE = ("", " ", "\N{NO-BREAK SPACE}", "\N{ZERO WIDTH SPACE}", "\ufeff", "\x0b", '"', '" ')
SPLIT_AT = (";", ",", "\t", "\r", "\n", "\r\n")


@pytest.mark.parametrize("start", STARTS)
def test_no_part_of_a_cell_runs_whatever_a_spreadsheet_splits_at(start: str) -> None:
    for before, split, text in product(BEFORE, SPLIT_AT, ("", "Kuopio", "a;b, c")):
        cell = f"{text}{split}{before}{start}cmd|' /C calc'!A0"
        made = harmless(cell)
        assert made.replace("'", "") == cell.replace("'", ""), "nothing but apostrophes is added"
        for part in re.split("[;,\t\r\n]", made):
            first = unicodedata.normalize("NFKC", part.lstrip(' "\N{NO-BREAK SPACE}\N{ZERO WIDTH SPACE}\ufeff\x0b'))
            assert not first.startswith(("=", "+", "-", "@", "\N{MINUS SIGN}")), (cell, made)


@pytest.mark.parametrize(
    "text",
    ["Kuopion kaupunki", "Neuvonta, ohjaus; tuki", "A-talo", "maahanmuuttajat (+18)", "x@y.example", "'=1", "", "5-6"],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize("text", ["\tKuopio", "\rKuopio", "\nKuopio", "=1", "+1", "-1", "@A1"])
def test_what_some_programs_take_away_or_run_at_the_beginning_stands_behind_an_apostrophe(text: str) -> None:
    assert harmless(text).startswith("'")
