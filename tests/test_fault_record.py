"""The figures of the fault rig add up over runs, and the page says what the record says."""

import json
from collections import Counter
from pathlib import Path

import pytest

from tests.faults.record import FILE, PAGE, Record, percentile


def test_the_page_has_the_totals_of_the_record() -> None:
    assert f"<!-- record -->\n{Record.read().as_text()}<!-- end of record -->" in PAGE.read_text()


def test_every_recorded_recovery_is_of_a_fault_that_happened() -> None:
    record = Record.read()
    assert json.loads(FILE.read_text())["runs"] == record.runs
    for kind, seconds in record.recoveries.items():
        assert len(seconds) <= record.faults[kind]


def test_a_run_adds_to_what_there_is(tmp_path: Path) -> None:
    file, page = tmp_path / "record.json", tmp_path / "page.md"
    page.write_text("before\n<!-- record -->\nold\n<!-- end of record -->\nafter\n")
    for seconds in (3.0, 5.0):
        record = Record.read(file)
        record.add(Counter(kill_valkey=2, cut_wire=1), [(seconds, "kill_valkey")], Counter(lost=1), 10)
        record.write(file, page)
    said = page.read_text()
    assert "2 runs, 6 faults, 20 acknowledged commands: 2 lost / 0 doubled / 0 stuck / 0 wrong." in said
    assert "| kill_valkey | 4 | 2 | 3.0 s | 5.0 s |" in said
    assert "| cut_wire | 2 | 0 | none | none |" in said
    assert said.startswith("before\n<!-- record -->\n2 runs")
    assert said.endswith("<!-- end of record -->\nafter\n")


@pytest.mark.parametrize(("percent", "expected"), [(50, 50), (99, 99), (100, 100), (1, 1)])
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    assert percentile([*range(100, 0, -1)], percent) == expected
