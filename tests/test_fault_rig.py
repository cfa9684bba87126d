"""What the fault rig watches is in the platform: were a moment renamed, its faults would happen no more, unseen."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.services import SERVICES

_WATCH = """
import pathlib, sys
from tests.faults.process import watch

watch(sys.argv[1], pathlib.Path(), "", sys.argv[2])
"""

MODULES = [
    f"services.{each.name}.{'main' if kind == 'web' else 'worker'}" for each in SERVICES for kind in each.processes
]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("version", ["current", "newer"])
def test_the_rig_finds_every_moment_that_it_watches(module: str, version: str) -> None:
    watched = subprocess.run(
        [sys.executable, "-c", _WATCH, module, version],
        cwd=Path(__file__).parent.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert watched.returncode == 0, watched.stderr
