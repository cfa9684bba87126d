"""The version is said in one place, and told by all that is asked for it."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

from shared.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
WRITTEN = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]


def test_the_command_line_tells_the_version_of_pyproject() -> None:
    said = subprocess.run(
        [sys.executable, "-m", "luotsi", "--version"], check=False, cwd=ROOT, capture_output=True, text=True
    )
    assert (said.returncode, said.stdout) == (0, f"luotsi {WRITTEN}\n")
    assert WRITTEN == VERSION


def test_the_image_is_labelled_with_it() -> None:
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^ARG VERSION=(.*)$", text, re.MULTILINE) == [WRITTEN]
    assert 'org.opencontainers.image.version="${VERSION}"' in text


def test_an_installed_wheel_knows_it_without_the_file(tmp_path: Path) -> None:
    """As pip leaves it: the packages beside their metadata."""
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "__init__.py").touch()
    (tmp_path / "shared" / "version.py").write_bytes((ROOT / "shared" / "version.py").read_bytes())
    (tmp_path / "luotsi-9.9.9.dist-info").mkdir()
    (tmp_path / "luotsi-9.9.9.dist-info" / "METADATA").write_text("Name: luotsi\nVersion: 9.9.9\n")
    asked = [sys.executable, "-c", "from shared.version import VERSION; print(VERSION)"]
    said = subprocess.run(asked, check=False, cwd=tmp_path, capture_output=True, text=True)
    assert said.stdout == "9.9.9\n", said.stderr


def test_every_service_tells_it(platform: Any) -> None:
    assert {app.version for app in platform.apps.values()} == {WRITTEN}
