"""What processes of the platform load, and what they do without: each import costs time at every start."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.services import service_names

ROOT = Path(__file__).resolve().parent.parent
WEB = frozenset({"fastapi", "starlette", "uvicorn"})
DATABASE = frozenset({"sqlalchemy", "sqlmodel", "alembic"})


def loaded_by(module: str) -> set[str]:
    """The top-level packages that are there once a fresh interpreter has imported the module."""
    look = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("module", ["luotsi.cli", "luotsi.commands.up"])
def test_the_command_line_starts_without_what_services_need(module: str) -> None:
    assert loaded_by(module) & {*WEB, *DATABASE, "faststream", "services"} == set()


@pytest.mark.parametrize("service", service_names())
def test_workers_load_nothing_that_serves_an_api(service: str) -> None:
    # They answer monitors, which takes uvicorn and starlette alone.
    assert loaded_by(f"services.{service}.worker") & {"fastapi", "httpx2", "joserfc"} == set()
