"""Adding a service without a stream is one record and its folder: the platform with two more, and nothing else changed.

What containers need stands in files of their own (`docker-compose.yml`, `.env.example`, `deploy/`), which
`tests/test_compose_file.py` compares with the records.
"""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx2
import pytest
import redis
import yaml

from luotsi.docs_tools import asyncapi
from luotsi.platform.data_dir import temporary_data
from luotsi.platform.process_specs import free_port_base
from shared.version import VERSION
from tests.journeys.running import Running, eventually

pytestmark = pytest.mark.journey

ROOT = Path(__file__).resolve().parents[2]
BEGINNING = "SERVICES: Final[tuple[Service, ...]] = (\n"
RECORDS = """\
    Service("board", port=5, prefix="/board", processes=("web",)),
    Service("reader", port=6, prefix="/reader", reads=("catalog.events",)),
"""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with two records and two folders more."""
    copy = tmp_path_factory.mktemp("sources")
    for folder in ("luotsi", "shared", "services"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)  # it says the version
    shutil.copytree(Path(__file__).with_name("added_services"), copy / "services", dirs_exist_ok=True)
    records = copy / "shared" / "services.py"
    before, after = records.read_text(encoding="utf-8").split(BEGINNING)
    records.write_text(before + BEGINNING + RECORDS + after, encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def running(sources: Path) -> Iterator[Running]:
    """The platform of that code."""
    with temporary_data() as folder, Running(folder, free_port_base(), sources=sources) as platform:
        yield platform.ready()


def luotsi(running: Running, sources: Path, *arguments: str) -> str:
    """What a command of that code prints; it has to succeed."""
    command = [sys.executable, "-m", "luotsi", *arguments, "--data", str(running.data)]
    environment = {**os.environ, "COLUMNS": "200"}
    done = subprocess.run(command, cwd=sources, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def query(url: str, statement: str) -> Any:
    """The first column of what a statement finds."""

    async def run() -> list[Any]:
        connection = await asyncpg.connect(url)
        try:
            return [row[0] for row in await connection.fetch(statement)]
        finally:
            await connection.close()

    return asyncio.run(run())


def test_its_page_is_served_on_its_port_out_of_its_database(running: Running) -> None:
    assert running.facts["board"] == f"http://localhost:{running.base + 5}"
    page = httpx2.get(running.facts["board"])
    assert (page.status_code, page.text) == (200, "<!doctype html><p>Tervetuloa")
    assert page.headers["X-Correlation-ID"]


def test_its_database_has_an_owner_and_a_role_that_works_in_it(running: Running) -> None:
    databases, owners = running.facts["databases"], running.facts["owners"]
    for service in ("board", "reader"):
        assert (urlsplit(databases[service]).username, urlsplit(databases[service]).path) == (service, f"/{service}")
        assert query(databases[service], "SELECT session_user") == [service]
        tables = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        assert query(owners[service], tables) == [f"{service}_owner"]
    assert query(databases["board"], "SELECT tablename FROM pg_tables WHERE tablename = 'outbox'") == []


@pytest.mark.parametrize("service", ["board", "reader"])
def test_monitors_are_answered_without_a_stream(running: Running, service: str) -> None:
    address = running.facts[service]
    assert httpx2.get(f"{address}/livez").json() == {"status": "alive", "version": VERSION}
    ready = httpx2.get(f"{address}/readyz").json()
    streams = {"catalog.events": "up"} if service == "reader" else {}
    assert ready == {"status": "ready", "dependencies": {"postgresql": "up", "redis": "up"} | streams, "late": []}
    figures = httpx2.get(f"{address}/metrics")
    assert figures.status_code == 200
    assert "luotsi_outbox_unpublished{" not in figures.text
    assert ("luotsi_parked_events{" in figures.text) == (service == "reader")


def test_only_the_processes_of_its_record_run(running: Running) -> None:
    processes = json.loads((running.data / "processes.json").read_text())
    found = {name for name in processes if name.partition("-")[0] in {"board", "reader"}}
    assert found == {"board-web", "reader-web", "reader-worker"}
    assert not (running.data / "board-worker.heartbeat").exists()


def test_its_web_process_is_started_again(running: Running) -> None:
    before = running.pid("board-web")
    os.kill(before, signal.SIGKILL)
    eventually(lambda: running.pid("board-web") != before, "another web process")
    eventually(lambda: is_alive(running.facts["board"]), "its answer")


def is_alive(address: str) -> bool:
    try:
        return httpx2.get(f"{address}/livez").status_code == 200
    except httpx2.HTTPError:
        return False


def test_in_redis_it_may_do_what_its_record_says(running: Running) -> None:
    configuration = (running.data / "valkey" / "valkey.conf").read_text().splitlines()
    rules = {line.split()[1]: line for line in configuration if line.startswith("user ")}
    assert ".events" not in rules["board"], "no stream is anything to it"
    assert "+xreadgroup" in rules["reader"]
    assert "~catalog.events" in rules["reader"]
    secrets = json.loads((running.data / "secrets.json").read_text())
    address = f"redis://board:{secrets['redis_board']}@{running.facts['redis'].rpartition('@')[2]}"
    board: Any = redis.Redis.from_url(address)
    assert board.ping()
    with pytest.raises(redis.exceptions.NoPermissionError):
        board.xadd("catalog.events", {"some": "thing"})
    board.close()


def test_a_worker_without_a_stream_reads_those_of_others(running: Running) -> None:
    slugs = "SELECT slug FROM heard"
    eventually(lambda: "business-kuopio" in query(running.facts["databases"]["reader"], slugs), "what it has heard")


def test_the_operators_commands_know_it(running: Running, sources: Path) -> None:
    eventually((running.data / "reader-worker.heartbeat").exists, "its worker")
    assert luotsi(running, sources, "migrate", "board", "reader") == "board: up to date\nreader: up to date\n"
    found = luotsi(running, sources, "doctor")
    for piece in ("database board", "database reader", "service board", "service reader", "catalog.events → reader"):
        assert piece in found
    services = {
        each["service"]: each for each in json.loads(luotsi(running, sources, "events", "lag", "--json"))["services"]
    }
    assert (services["board"]["unpublished"], services["board"]["parked"]) == (None, None)
    assert (services["reader"]["unpublished"], services["reader"]["parked"]) == (None, 0)
    luotsi(running, sources, "retention", "--run")


def test_the_description_of_the_streams_names_it(sources: Path) -> None:
    command = [sys.executable, "-c", "from luotsi.docs_tools import asyncapi; print(asyncapi.as_yaml())"]
    done = subprocess.run(command, cwd=sources, capture_output=True, text=True, check=True)
    operations = yaml.safe_load(done.stdout)["operations"]
    assert operations.keys() - asyncapi.document()["operations"].keys() == {"readerReceivesCatalog"}
