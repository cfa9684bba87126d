"""What checks Prometheus' rules."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

_KEPT = Path(__file__).resolve().parent.parent / ".promtool" / "promtool"


def promtool(*arguments: str | Path, given: str | None = None) -> str:
    """What promtool (PROMTOOL, the one that is kept, the machine's own) says. Fails without one, or when it objects."""
    own = os.environ.get("PROMTOOL") or (str(_KEPT) if _KEPT.exists() else shutil.which("promtool"))
    if own is None:
        pytest.fail("Prometheus' rules are checked with promtool, and there is none here. This gets one: make promtool")
    done = subprocess.run([own, *map(str, arguments)], input=given, capture_output=True, text=True, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said
