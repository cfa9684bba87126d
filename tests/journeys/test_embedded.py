"""The embedded platform as real processes: started, broken, started again, stopped."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx2
import psutil
import pytest

from luotsi.embedded.servers import start_servers
from luotsi.platform.data_dir import temporary_data
from luotsi.platform.process_specs import free_port_base
from shared.redis import connect
from shared.services import get_service
from shared.version import VERSION
from tests.journeys.older_tables import MAKE_OLDER, OLDER
from tests.journeys.running import ADVISER, DESK, Running, eventually, living
from tests.services_by_hand import PREFIXES, PROCESSES

pytestmark = pytest.mark.journey

PROMISED_STOP = 10.0
PIECES = [*PROCESSES, "retention", "fork-server", "valkey", "postgres"]


@pytest.fixture
def data() -> Iterator[Path]:
    with temporary_data() as folder:
        yield folder


@pytest.fixture(scope="module")
def running() -> Iterator[Running]:
    """A platform that the tests of this module may hurt, as long as it heals."""
    with temporary_data() as folder, Running(folder, free_port_base()) as platform:
        yield platform.ready()


def test_says_where_everything_is_once_it_is_ready(running: Running) -> None:
    for service in PREFIXES:
        answer = httpx2.get(f"{running.facts[service]}/readyz")
        assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    emails = {account["email"] for account in running.facts["accounts"]}
    assert {ADVISER, DESK, "coordinator@kuopio.example", "admin@luotsi.example"} <= emails
    on_disk = json.loads((running.data / "platform.json").read_text())
    assert on_disk == {key: value for key, value in running.facts.items() if key != "accounts"}
    for secret in ("platform.json", "secrets.json", "keys/signing.json"):
        assert (running.data / secret).stat().st_mode & 0o077 == 0


def test_each_worker_answers_monitors_on_a_port_of_its_own(running: Running) -> None:
    for service in PREFIXES:
        worker = running.base + 10 + get_service(service).port
        assert httpx2.get(f"http://127.0.0.1:{worker}/livez").json() == {"status": "alive", "version": VERSION}
        figures = httpx2.get(f"http://127.0.0.1:{worker}/metrics").text
        assert f'luotsi_dependency_up{{dependency="postgresql",service="{service}"}} 1.0' in figures


def test_doctor_finds_a_running_platform_well(running: Running) -> None:
    running.refer()
    command = [sys.executable, "-m", "luotsi", "doctor", "--data", str(running.data)]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize("piece", PIECES)
def test_a_piece_that_is_killed_comes_back_and_works(running: Running, piece: str) -> None:
    before = running.refer()
    killed = running.pid(piece)
    heartbeat = running.data / f"{piece}.heartbeat"
    heartbeat.unlink(missing_ok=True)
    psutil.Process(killed).kill()
    eventually(lambda: running.pid(piece) != killed, f"another {piece}")
    if piece.endswith("worker"):
        eventually(heartbeat.exists, f"the heartbeat of {piece}")
    after = running.refer()
    with running.client("referral", ADVISER) as adviser:
        assert [adviser.get(f"/referrals/{referral}").status_code for referral in (before, after)] == [200, 200]


def test_retention_makes_up_for_a_night_that_was_missed(running: Running) -> None:
    async def runs(statement: str = "SELECT count(*) FROM retention_runs") -> int:
        owner = await asyncpg.connect(running.facts["owners"]["referral"])
        try:
            return int(await owner.fetchval(statement))
        finally:
            await owner.close()

    missed = "now() - interval '3 days', now() - interval '3 days'"
    added = f"INSERT INTO retention_runs VALUES (gen_random_uuid(), {missed}, '{{}}') RETURNING 1"
    assert asyncio.run(runs(added)) == 1
    psutil.Process(running.pid("retention")).kill()
    eventually(lambda: asyncio.run(runs()) == 2, "a run of retention")
    log = running.data / "logs" / "retention.log"
    said = "retention took away: nothing, for nothing was kept long enough"
    eventually(lambda: said in log.read_text(), "what retention says afterwards")


def test_a_second_start_finds_its_data_again(data: Path) -> None:
    base = free_port_base()
    with Running(data, base) as first:
        referral = first.ready().refer()
        services = {service["id"] for service in first.public("/services?size=100")}
        processes = first.children()
        first.process.terminate()
        first.process.wait(timeout=PROMISED_STOP)
        assert first.end()[0] == 0
        eventually(lambda: not living(processes), "the end of what the database server had started")
    with Running(data, base) as second:
        second.ready()
        assert {service["id"] for service in second.public("/services?size=100")} == services
        with second.client("referral", ADVISER) as adviser:
            assert adviser.get(f"/referrals/{referral}").json()["status"] == "requested"
        second.process.send_signal(signal.SIGINT)
        assert second.end()[0] == 0


def test_tables_of_an_older_version_are_backed_up_before_they_change(data: Path) -> None:
    with Running(data, free_port_base()) as first:
        referral = first.ready().refer()
        first.process.terminate()
        first.end()

    async def as_owner(url: str, statement: str) -> None:
        owner = await asyncpg.connect(url)
        await owner.execute(statement)
        await owner.close()

    with start_servers(data, durable=True) as servers:
        asyncio.run(as_owner(servers.owner_urls["referral"], MAKE_OLDER))
    with Running(data, free_port_base()) as second:
        second.ready()
        backups = list((data / "before-upgrade" / "backups").glob("*/manifest.json"))
        assert [f'"{OLDER}"' in each.read_text() for each in backups] == [True]
        with second.client("referral", ADVISER) as adviser:
            assert adviser.get(f"/referrals/{referral}").json()["status"] == "requested"


def test_it_starts_with_the_keys_of_its_data_alone(data: Path) -> None:
    with Running(data, free_port_base()) as first:
        first.ready().refer()
        first.process.terminate()
        first.end()
    secrets = data / "secrets.json"
    kept = secrets.read_text()
    known: dict[str, str] = json.loads(kept)
    refused = {
        "MASTER_KEY opens the key of no client in this database": known | {"master_key": known["index_key"]},
        "has no master_key, and data lies under what it was": {**known, "master_key": ""},
        "has no audit_key, ": {name: key for name, key in known.items() if name != "audit_key"},
        "has no postgres_postgres, ": {name: key for name, key in known.items() if name != "postgres_postgres"},
    }
    for words, others in refused.items():
        secrets.write_text(json.dumps(others))
        with Running(data, first.base) as second:
            code, said = second.end()
        assert (code, words in said) == (1, True), said
        assert json.loads(secrets.read_text()) == others, "no key is made in place of one that is gone"
    secrets.write_text(kept[:100])
    with Running(data, first.base) as third:
        code, said = third.end()
    assert (code, "secrets.json is damaged" in said) == (1, True), said
    secrets.write_text(kept)
    with Running(data, first.base) as last:
        last.ready().refer()


def test_a_directory_from_before_the_portal_is_given_one(data: Path) -> None:
    with Running(data, free_port_base()) as first:
        first.ready().refer()
        people = {account["email"] for account in first.facts["accounts"]}
        for name in ("portal-web", "portal-worker"):
            os.kill(first.pid(name), signal.SIGSTOP)
        asyncio.run(forget_the_portal(first))
        first.process.terminate()
        first.end()
    secrets = data / "secrets.json"
    kept = {name: key for name, key in json.loads(secrets.read_text()).items() if "portal" not in name}
    secrets.write_text(json.dumps(kept))
    with Running(data, first.base) as second:
        second.ready()
        eventually(lambda: people == asyncio.run(known_to_the_portal(second)), "everybody who may sign in")
        assert kept.items() <= json.loads(secrets.read_text()).items()
        assert second.refer()


async def forget_the_portal(platform: Running) -> None:
    """Leave what an older version would: no database and no group, and a stream that all others have read."""
    password = json.loads((platform.data / "secrets.json").read_text())["postgres_postgres"]
    address = urlsplit(platform.facts["databases"]["portal"])
    superuser = await asyncpg.connect(f"postgresql://postgres:{password}@{address.hostname}:{address.port}/postgres")
    await superuser.execute("DROP DATABASE portal WITH (FORCE)")
    for role in ("portal", "portal_owner"):
        await superuser.execute(f"DROP ROLE {role}")
    await superuser.close()
    redis = connect(platform.facts["redis"])
    await redis.xgroup_destroy("catalog.events", "portal")
    await redis.xtrim("catalog.events", maxlen=1, approximate=False)
    await redis.aclose()


async def known_to_the_portal(platform: Running) -> set[str]:
    """The addresses of those whom the portal knows."""
    connection = await asyncpg.connect(platform.facts["databases"]["portal"])
    try:
        return {row["email"] for row in await connection.fetch("SELECT email FROM members")}
    finally:
        await connection.close()


def test_nothing_outlives_a_supervisor_that_was_killed(data: Path) -> None:
    with Running(data, free_port_base()) as first:
        referral = first.ready().refer()
        processes = first.children()
        first.process.kill()
        first.end()
    with Running(data, first.base) as second:
        second.ready()
        assert living(processes) == []
        with second.client("referral", ADVISER) as adviser:
            assert adviser.get(f"/referrals/{referral}").status_code == 200


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGHUP])
def test_a_terminal_that_ends_it_lets_every_service_stop_in_order(data: Path, how: signal.Signals) -> None:
    with Running(data, free_port_base()) as platform:
        platform.ready()
        processes = platform.children()
        # Ctrl-C, and a terminal that closes, reach every process of the group at once.
        os.killpg(platform.process.pid, how)
        assert platform.end()[0] == 0
    assert living(processes) == []
    for piece in PIECES:
        if piece.endswith("worker"):
            assert "stopped" in (data / "logs" / f"{piece}.log").read_text().splitlines()[-1]


def test_servers_of_ones_own_take_the_place_of_the_embedded_ones(data: Path, tmp_path: Path) -> None:
    with start_servers(tmp_path, durable=False) as servers:
        own = {f"{service.upper()}_DATABASE_URL": url for service, url in servers.database_urls.items()}
        own |= {f"{service.upper()}_OWNER_DATABASE_URL": url for service, url in servers.owner_urls.items()}
        own |= {f"{user.upper()}_REDIS_URL": url for user, url in servers.redis_urls.items()}
        with Running(data, free_port_base(), own) as platform:
            platform.ready().refer()
            assert platform.facts["databases"] == servers.database_urls
            assert not (data / "postgres").exists()
            assert not (data / "valkey").exists()


def test_a_start_that_is_interrupted_leaves_nothing_behind(data: Path) -> None:
    with Running(data, free_port_base()) as interrupted:
        eventually((data / "logs" / "postgres.log").exists, "a start that is under way")
        processes = interrupted.children()
        interrupted.process.send_signal(signal.SIGINT)
        assert interrupted.end()[0] == 0
    eventually(lambda: not living(processes), "the end of every process")


def test_a_taken_port_is_named(data: Path) -> None:
    base = free_port_base()
    with socket.socket() as other:
        other.bind(("127.0.0.1", base + 2))
        other.listen()
        with Running(data, base) as refused:
            code, said = refused.end()
    assert code == 1
    assert str(base + 2) in said
    assert "--port-base" in said


def test_two_platforms_cannot_share_a_directory(running: Running) -> None:
    with Running(running.data, free_port_base()) as refused:
        code, said = refused.end()
    assert code == 1
    assert str(running.data) in said
    assert str(running.process.pid) in said
    assert httpx2.get(f"{running.facts['catalog']}/readyz").status_code == 200
