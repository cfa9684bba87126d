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


def test_an_operator_who_writes_env_gets_nothing_of_the_development_environment(fresh: Path) -> None:
    steps = would_do(fresh, "env")
    assert "requirements/runtime.txt" in steps
    assert "requirements/dev.txt" not in steps


def test_where_the_development_environment_is_already_it_stays(fresh: Path) -> None:
    (fresh / ".venv").mkdir()
    (fresh / ".venv" / ".ready").touch()
    assert "requirements/runtime.txt" not in would_do(fresh, "env")
