"""Which version of Luotsi this is: `pyproject.toml` says it, and nothing else does."""

import re
import tomllib
from importlib import metadata
from pathlib import Path
from typing import Final

_WRITTEN: Final = Path(__file__).resolve().parents[1] / "pyproject.toml"


def _version() -> str:
    # A checkout and the image have the file; of an installed wheel its metadata is left.
    if _WRITTEN.is_file():
        return str(tomllib.loads(_WRITTEN.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version("luotsi")


VERSION: Final = _version()

RUNS_WITH: Final = "0.2.0.dev0"
"""The oldest version whose processes run on the tables of this one: the version before, as `former.toml` names it."""


def numbers_of(version: str) -> tuple[int, ...]:
    """What versions are compared by: `0.2.0` for `0.2.0.dev0` too. Raises ValueError for what is none."""
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", version)
    if found is None:
        raise ValueError(f"{version} is no version")
    return tuple(map(int, found.groups()))


__all__ = ["RUNS_WITH", "VERSION", "numbers_of"]
