"""The doctor looks, and starts nothing: what was stopped stays stopped."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from luotsi.platform.data_dir import is_alive, temporary_data
from luotsi.platform.process_specs import free_port_base
from tests.journeys.running import Running

pytestmark = pytest.mark.journey


def doctor(data: Path) -> tuple[int, str]:
    """Exit code and words of `luotsi doctor` on a data directory."""
    command = [sys.executable, "-m", "luotsi", "doctor", "--data", str(data)]
    environment = {**os.environ, "COLUMNS": "300"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def files(data: Path) -> set[Path]:
    return set(data.rglob("*"))


def test_a_platform_that_was_stopped_stays_stopped() -> None:
    with temporary_data() as folder:
        with Running(folder, free_port_base()) as running:
            running.ready()
            code, said = doctor(running.data)
            assert code == 0, said
            data = running.data
        processes = json.loads((data / "processes.json").read_text())
        before = files(data)
        code, said = doctor(data)
        assert code == 1
        assert "no platform is running" in said
        assert files(data) == before
        assert not [name for name, pid in processes.items() if is_alive(str(pid))]
        assert not list(data.rglob("postmaster.pid"))
