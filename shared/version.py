"""Which version of Luotsi this is: `pyproject.toml` says it, and nothing else does."""

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

__all__ = ["VERSION"]
