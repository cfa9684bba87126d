"""A worker answers monitors on a port of its own: alive, and what it counts and sees."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from luotsi.embedded.servers import Server
from luotsi.platform.data_dir import is_free
from luotsi.platform.process_specs import free_port_base
from shared.consuming import monitor
from shared.consuming.monitor import Monitor
from shared.consuming.service_watch import ServiceWatch
from shared.consuming.watchdog import Watchdog
from shared.services import get_service, service_names
from shared.version import VERSION
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import sent_referral
from tests.web_process import PATIENCE, variables

KNOWN = {
    "catalog": 'luotsi_outbox_oldest_unpublished_seconds{stream="catalog.events"}',
    "referral": 'luotsi_timers_fired_total{kind="expire"}',
    "notifications": 'luotsi_delivery_attempts_total{channel="email",outcome="delivered"}',
    "portal": 'luotsi_group_lag{group="portal",stream="catalog.events"}',
}


@contextmanager
def worker_process(platform: Platform, service: str, log: Path, port: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", f"services.{service}.worker"]
    environment = variables(platform, service) | {"METRICS_PORT": str(port), "WORKER_NAME": f"{service}-monitored"}
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(PATIENCE)


def answer(address: str, process: "subprocess.Popen[bytes]", log: Path) -> httpx2.Response:
    """What it answers as soon as it does."""
    deadline = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, log.read_text()
        try:
            return httpx2.get(address, timeout=PATIENCE)
        except httpx2.TransportError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)


@pytest.mark.parametrize("service", service_names())
async def test_a_worker_says_that_it_lives_and_what_it_counts(platform: Platform, service: str, tmp_path: Path) -> None:
    await small_town(platform)
    port, log = free_port_base(), tmp_path / "log"
    with worker_process(platform, service, log, port) as process:
        alive = answer(f"http://127.0.0.1:{port}/livez", process, log)
        assert (alive.status_code, alive.json()) == (200, {"status": "alive", "version": VERSION})
        figures = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE)
        assert figures.headers["Content-Type"].startswith("text/plain; version=")
        assert KNOWN[service] in figures.text
        assert f'luotsi_dependency_up{{dependency="redis",service="{service}"}} 1.0' in figures.text
        assert httpx2.get(f"http://127.0.0.1:{port}/readyz").status_code == 404
    assert process.returncode == 0, log.read_text()


async def test_what_a_worker_does_is_counted_there(platform: Platform, tmp_path: Path) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    port, log = free_port_base(), tmp_path / "log"
    with worker_process(platform, "referral", log, port) as process:
        answer(f"http://127.0.0.1:{port}/livez", process, log)
        deadline = time.monotonic() + PATIENCE
        counted = 'luotsi_events_published_total{stream="referral.events"} 2.0'
        while counted not in (figures := httpx2.get(f"http://127.0.0.1:{port}/metrics").text):
            assert time.monotonic() < deadline, figures
            await asyncio.sleep(0.1)


async def test_without_a_port_it_listens_nowhere_and_with_a_taken_one_it_says_so(
    platform: Platform, tmp_path: Path
) -> None:
    assert platform.settings["catalog"].metrics_port == 0
    assert platform.workers["catalog"]._monitors(Watchdog(None, None, [], None)) == []  # type: ignore[arg-type]
    port, log, other = free_port_base(), tmp_path / "log", tmp_path / "other"
    with worker_process(platform, "catalog", log, port) as process:
        answer(f"http://127.0.0.1:{port}/livez", process, log)
        with worker_process(platform, "portal", other, port) as second:
            assert second.wait(PATIENCE) == 1
    assert "Address already in use" in other.read_text() or "OSError" in other.read_text()


async def test_servers_that_are_away_leave_it_alive(platform: Platform, mortal_valkey: Server, tmp_path: Path) -> None:
    port, log = free_port_base(), tmp_path / "log"
    with worker_process(platform, "catalog", log, port) as process:
        answer(f"http://127.0.0.1:{port}/livez", process, log)
        mortal_valkey.kill()
        assert httpx2.get(f"http://127.0.0.1:{port}/livez", timeout=PATIENCE).status_code == 200
        figures = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=PATIENCE).text
        assert 'luotsi_dependency_up{dependency="redis",service="catalog"} 0.0' in figures


async def test_one_that_no_longer_looks_after_itself_is_not_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    watchdog = Watchdog(None, None, [], None)  # type: ignore[arg-type]
    watch = ServiceWatch(get_service("catalog"), None, None)  # type: ignore[arg-type]
    asked = Monitor("127.0.0.1", 1, watch, watchdog)
    assert (await asked._livez(None)).status_code == 200  # type: ignore[arg-type]
    monkeypatch.setattr(monitor, "STUCK_AFTER_SECONDS", -1.0)
    assert (await asked._livez(None)).status_code == 503  # type: ignore[arg-type]


def test_ports_of_workers_are_free_too() -> None:
    base = free_port_base()
    assert all(is_free(base + above) for above in (0, 1, 2, 3, 10, 11, 12, 13))
