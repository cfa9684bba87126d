"""A process of its own beside the services: monitors ask it for its figures, and it ends when it is told to."""

import socket
import subprocess
import sys
import time

import httpx2

from luotsi.platform.process_specs import free_port_base

_WORK = """
import asyncio
from luotsi.backup import schedule
from luotsi.platform.own_process import run_until_stopped

schedule.NEWEST.set(1234)
run_until_stopped("backup", asyncio.Event().wait())
"""


def figures(port: int) -> str:
    """What a monitor is told, once anybody answers."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
        except httpx2.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_monitors_get_its_figures_until_it_is_stopped() -> None:
    port = free_port_base()
    process = subprocess.Popen([sys.executable, "-c", _WORK], env={"METRICS_PORT": str(port)})
    try:
        assert "luotsi_backup_newest_timestamp_seconds 1234.0" in figures(port)
        process.terminate()
        assert process.wait(30) == 0
    finally:
        process.kill()


def test_a_port_that_is_taken_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = subprocess.run(
            [sys.executable, "-c", _WORK], check=False, env={"METRICS_PORT": port}, capture_output=True, text=True
        )
    assert process.returncode == 1
    assert f"PlatformError: METRICS_PORT {port} cannot be listened on" in process.stderr
