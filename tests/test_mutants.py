"""Planted mistakes stay true to the code: each can be made, and whatever has to notice it is there."""

import ast
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.schedule import DRILLS, FAULTS
from tests.mutants.planting import (
    PLANTED,
    Change,
    DoesNotApply,
    FaultRun,
    Mutant,
    NamedTests,
    read_all,
    select,
    write_seen,
)
from tests.mutants.trying import copy_of_the_tree, judge_faults, judge_tests

ROOT = Path(__file__).resolve().parent.parent
MUTANTS = read_all()


def functions_of(file: Path) -> set[str]:
    """The functions of a file of tests."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef
    return {node.name for node in ast.parse(file.read_text()).body if isinstance(node, kinds)}


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_each_mistake_can_be_made_and_is_still_python(mutant: Mutant, tmp_path: Path) -> None:
    for file in {change.file for change in mutant.changes}:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / file, tmp_path / file)
    mutant.plant(tmp_path)
    for change in mutant.changes:
        changed = (tmp_path / change.file).read_text()
        assert changed != (ROOT / change.file).read_text()
        ast.parse(changed)


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda each: each.name)
def test_what_has_to_notice_it_is_there(mutant: Mutant) -> None:
    assert mutant.noticed_by
    for way in mutant.noticed_by:
        assert way.within > 0
        if isinstance(way, NamedTests):
            for each in way.ids:
                file, _, test = each.partition("::")
                assert test.partition("[")[0] in functions_of(ROOT / file)
        else:
            words = way.given.split()
            for option, kinds in (("--only", FAULTS), ("--drill", DRILLS)):
                named = words[words.index(option) + 1].split(",") if option in words else []
                assert set(named) <= {kind.__name__ for kind in kinds}
            assert way.says


def test_a_mistake_that_no_longer_applies_is_told(tmp_path: Path) -> None:
    (tmp_path / "some.py").write_text("a = 1\nb = 1\n")
    with pytest.raises(DoesNotApply, match="2 times"):
        Change("some.py", " = 1", " = 2").make(tmp_path)
    with pytest.raises(DoesNotApply, match="0 times"):
        Change("some.py", "c = 1", "c = 2").make(tmp_path)
    with pytest.raises(DoesNotApply, match="not there"):
        Change("other.py", "a", "b").make(tmp_path)


def test_what_is_planted_in_has_its_history() -> None:
    newest = ["git", "rev-parse", "HEAD"]
    with copy_of_the_tree() as root:
        assert subprocess.check_output(newest, cwd=root) == subprocess.check_output(newest, cwd=ROOT)


def test_when_one_was_seen_is_written_into_its_file_and_nothing_else_changes(tmp_path: Path) -> None:
    name = "two-relays-at-once"
    shutil.copy(PLANTED / f"{name}.toml", tmp_path)
    [before] = read_all(tmp_path)
    for seen in ("once", "again"):
        for way in read_all(tmp_path)[0].noticed_by:
            write_seen(before, way, f"{seen} by {type(way).__name__}", tmp_path)
    [after] = read_all(tmp_path)
    assert [way.seen for way in after.noticed_by] == [f"again by {type(way).__name__}" for way in after.noticed_by]
    unseen = tuple(replace(way, seen="") for way in after.noticed_by)
    assert replace(after, noticed_by=unseen) == replace(
        before, noticed_by=tuple(replace(way, seen="") for way in before.noticed_by)
    )


def test_the_parts_are_all_of_them_each_once() -> None:
    parts = [select(MUTANTS, part=(number, 4)) for number in (1, 2, 3, 4)]
    assert sorted(each.name for part in parts for each in part) == [each.name for each in MUTANTS]


def test_what_fault_runs_must_notice_is_asked_for_alone() -> None:
    tests, rig = NamedTests(("tests/test_ids.py::test_it",), 60), FaultRun("--seed 1", "lost", 60)
    both, only_tests = Mutant("both", "breaks", (), (tests, rig)), Mutant("tests", "breaks", (), (tests,))
    assert select([both, only_tests], by="faults") == [Mutant("both", "breaks", (), (rig,))]
    assert select([both, only_tests], only="both") == [both]


@pytest.mark.parametrize(
    ("status", "line", "what"),
    [
        (1, "FAILED tests/a.py::test_it - assert", "noticed"),
        (1, "ERROR    some.logger: what a test logged", "no verdict"),
        (2, "ERROR tests/a.py - SyntaxError", "no verdict"),
        (0, "1 passed", "survived"),
        (None, "", "hung"),
    ],
)
def test_only_a_test_that_fails_has_noticed_anything(status: int | None, line: str, what: str) -> None:
    assert judge_tests(status, [line])[0] == what


@pytest.mark.parametrize(
    ("status", "line", "what"),
    [
        (1, "  lost: a mail never arrived", "noticed"),
        (1, "BROKEN: 0 lost", "no verdict"),
        (0, "  lost: a mail never arrived", "survived"),
        (None, "  lost: a mail never arrived", "hung"),
    ],
)
def test_only_a_rig_that_says_what_it_found_has_noticed_it(status: int | None, line: str, what: str) -> None:
    assert judge_faults(FaultRun("", "lost: a mail", 60), status, [line])[0] == what
