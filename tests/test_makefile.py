"""What targets of the Makefile would do, by `make --dry-run` in a folder where nothing was made yet."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture
def fresh(tmp_path: Path) -> Path:
    """What make itself looks at of a fresh checkout."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    shutil.copytree(ROOT / "requirements", tmp_path / "requirements")
    return tmp_path


def would_do(folder: Path, target: str) -> str:
    return subprocess.run(["make", "--dry-run", target], cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("target", ["env", "cli"])
def test_an_operator_gets_nothing_of_the_development_environment(fresh: Path, target: str) -> None:
    steps = would_do(fresh, target)
    assert "requirements/runtime.txt" in steps
    assert "requirements/dev.txt" not in steps


def test_where_the_development_environment_is_already_it_stays(fresh: Path) -> None:
    (fresh / ".venv").mkdir()
    (fresh / ".venv" / ".ready").touch()
    assert "requirements/runtime.txt" not in would_do(fresh, "env")


def test_the_command_line_alone_leaves_room_for_the_keys_that_come_back(fresh: Path) -> None:
    assert "luotsi env" in would_do(fresh, "env")
    assert "luotsi env" not in would_do(fresh, "cli")
