"""Processes that stay keep what they have loaded out of garbage collections."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SETTINGS = 'Settings(database_url="postgresql://127.0.0.1:1/none", redis_url="redis://127.0.0.1:1/0", jwks="", {})'
KEPT = "kept = gc.get_freeze_count() / (gc.get_freeze_count() + len(gc.get_objects()))"
# No address of this machine, so the web process ends where it would begin to listen.
WEB = f"""
from fastapi import FastAPI
from shared.web.base import serve

try:
    serve("catalog", {SETTINGS.format('host="192.0.2.1"')}, FastAPI)
except SystemExit:
    {KEPT}
"""
WORKER = f"""
from shared.consuming.worker import run

class Ends:
    async def run(self):
        global kept
        {KEPT}

run("catalog", {SETTINGS.format("")}, Ends)
"""


@pytest.mark.parametrize("process", [WEB, WORKER], ids=["web", "worker"])
def test_what_is_loaded_is_kept_out_of_collections(process: str) -> None:
    script = f"import gc\nfrom shared.settings import Settings\n{process}\nprint(kept)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert float(done.stdout.splitlines()[-1]) > 0.9
