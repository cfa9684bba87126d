"""PostgreSQL elsewhere: encrypted, behind PgBouncer in transaction mode, and lost under load."""

import re
import subprocess
import threading
import time
from collections.abc import Iterator
from uuid import uuid4

import httpx2
import pytest

from luotsi.backup import sealing
from shared.services import service_names
from tests.flows.certificates import Authority
from tests.journeys.compose_stack import Stack, require_engine, wait_until
from tests.journeys.test_compose import ADVISER, send_referral

pytestmark = pytest.mark.compose

_OVERLAYS = ("deploy/external-postgres.yml", "deploy/pooler.yml", "tests/journeys/elsewhere/postgres.yml")
_CERTIFIED = "?sslmode=verify-full&sslrootcert=/etc/luotsi/certificates/authority.pem"
_MANY = 20
"""How many referrals have to be acknowledged before a failover, and after it"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The platform on the servers of a city, with the accounts of the demonstration."""
    require_engine()
    stack = Stack(*_OVERLAYS)
    identity, public = sealing.new_identity()
    try:
        certificates = stack.folder / "certificates"
        certificates.mkdir(mode=0o755)
        authority = Authority(certificates)
        authority.certificate("server", addresses=(), hosts=("city-a", "city-b", "pgbouncer"))
        authority.certificate("certified", addresses=())
        stack.settle(
            CERTIFICATES=str(certificates),
            POSTGRES_SERVER="city-a:5432,city-b:5432",
            POSTGRES_OPTIONS=f"{_CERTIFIED}&target_session_attrs=read-write",
            POSTGRES_ADMIN="cityadmin",
            POSTGRES_POOLER_OPTIONS=_CERTIFIED,
            BACKUP_RECIPIENTS=public,
        )
        (stack.folder / "identity").write_text(identity)
        stack.compose("build", "migrate", "pgbouncer", seconds=900)
        stack.up(profile="demo")
        yield stack
    finally:
        stack.remove()
        subprocess.run(["docker", "image", "rm", "-f", f"{stack.image}-pgbouncer"], capture_output=True, check=False)


def rows(stack: Stack, database: str, query: str, server: str = "city-a") -> list[str]:
    """What a query answers on a server of the city, a line each."""
    command = f'psql -h /tmp -U postgres -d {database} -At -v ON_ERROR_STOP=1 -c "{query}"'
    return stack.inside(server, command).splitlines()


def test_a_referral_goes_its_whole_way(stack: Stack) -> None:
    stack.compose("--profile", "journey", "run", "--rm", "-T", "demo")
    assert not [name for name in stack.containers() if name == "postgres"], "its own server is not there"


def test_services_work_by_the_pooler_and_are_woken_past_it(stack: Stack) -> None:
    pooler = stack.inside("city-a", "getent hosts pgbouncer").split()[0]
    by_pooler = f"SELECT DISTINCT usename FROM pg_stat_activity WHERE host(client_addr) = '{pooler}'"
    for service in service_names():
        with httpx2.Client(base_url=stack.url, timeout=30) as client:  # lets each of them ask its database
            path = "/" if service == "portal" else f"/api/{service}/readyz"
            assert client.get(path).status_code == 200
    wait_until(lambda: set(rows(stack, "postgres", by_pooler)) == set(service_names()), "all go by the pooler")
    # What a connection for LISTEN said last: that, or whether anybody is there.
    past_it = (
        "SELECT DISTINCT usename FROM pg_stat_activity "
        f"WHERE query ~ '^(LISTEN|SELECT 1$)' AND host(client_addr) <> '{pooler}'"
    )
    assert set(rows(stack, "postgres", past_it)) >= {"catalog", "referral", "notifications"}
    assert "wake-up connection lost" not in stack.compose("logs", "--no-color").stdout
    open_to = (
        "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE client_addr IS NOT NULL AND NOT ssl"
    )
    assert rows(stack, "postgres", open_to) == ["0"]


def test_settings_hold_by_the_pooler(stack: Stack) -> None:
    address = f"postgresql://referral:{stack.secrets['REFERRAL_DB_PASSWORD']}@pgbouncer:6432/referral?sslmode=require"
    asked = "SHOW statement_timeout; SHOW idle_in_transaction_session_timeout; SHOW jit"
    assert stack.inside("city-a", f'psql -At -c "{asked}" "{address}"').split() == ["15s", "20s", "off"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (_CERTIFIED, r"ok +database catalog +answers"),
        (_CERTIFIED.replace("authority.pem", "stranger.pem"), r"!! +database catalog +.*certificate verify failed"),
        ("?sslmode=disable", r"!! +database catalog +.*no encryption"),
    ],
)
def test_who_the_server_is_and_that_nobody_listens_is_looked_at(stack: Stack, query: str, found: str) -> None:
    Authority(stack.folder / "certificates", "stranger")
    address = f"postgresql://catalog:{stack.secrets['CATALOG_DB_PASSWORD']}@city-a:5432/catalog{query}"
    named = ("-e", f"CATALOG_DATABASE_URL={address}", "-e", "COLUMNS=300")
    said = stack.compose("run", "--rm", "-T", *named, "cli", "doctor", check=False).stdout
    assert re.search(found, said), said


_SHOWING_A_CERTIFICATE = f"""
import asyncio, os, shutil, subprocess
from luotsi.backup import postgres_tools
from shared.database.addresses import connect
shutil.copy("/etc/luotsi/certificates/authority-certified.pem", "/tmp/own.pem")
os.chmod("/tmp/own.pem", 0o600)
address = "postgresql://certified@city-a:5432/postgres{_CERTIFIED}&sslcert=/tmp/own.pem&sslkey=/tmp/own.pem"
async def ask():
    return await (await connect(address)).fetchval("SELECT current_user")
print(asyncio.run(ask()))
psql = postgres_tools.start("psql", "-At", "--command=SELECT current_user", url=address, stdout=subprocess.PIPE)
print(psql.communicate()[0].decode().strip())
"""


def test_a_server_that_asks_for_a_certificate_is_shown_one(stack: Stack) -> None:
    shown = stack.compose("run", "--rm", "-T", "--entrypoint", "python", "cli", "-c", _SHOWING_A_CERTIFICATE).stdout
    assert shown.split() == ["certified", "certified"]


def test_an_administrator_who_is_no_superuser_rehearses_an_update(stack: Stack) -> None:
    said = stack.compose("run", "--rm", "-T", "rehearsal").stdout
    assert "the copy is gone" in said
    assert rows(stack, "postgres", "SELECT rolsuper FROM pg_roles WHERE rolname = 'cityadmin'") == ["f"]


def test_a_backup_is_made_and_comes_back(stack: Stack) -> None:
    identity = (stack.folder / "identity").read_text()
    made = stack.compose("run", "--rm", "-T", "backup", "make").stdout
    name = made.partition(": ")[0].strip()
    stopped = ("portal-web", "portal-worker", "retention")
    stack.compose("stop", *stopped)
    at_work = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'portal'"
    wait_until(lambda: rows(stack, "postgres", at_work) == ["0"], "the pooler lets go of what it kept")
    one = ("restore", "one", "portal", name, "--replace", "--identity", "-")
    assert "restored" in stack.compose("run", "--rm", "-T", *one, piped=identity).stdout
    stack.up(profile="demo")


class Load:
    """Referrals sent one after the other. What is not acknowledged is sent again under its key, as the portal does."""

    def __init__(self, client: httpx2.Client) -> None:
        self._client = client
        services = client.get("/api/catalog/services", params={"accepting": "true"}).json()
        self._service = services["contents"][0]["id"]
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._send)
        self.acknowledged: list[tuple[float, str]] = []
        """When, and the id of the referral"""
        self.refused: list[str] = []

    def __enter__(self) -> "Load":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def since(self, moment: float) -> list[float]:
        """When referrals were acknowledged after a moment."""
        return [at for at, _ in self.acknowledged if at > moment]

    def _send(self) -> None:
        while not self._ended.is_set():
            key = str(uuid4())
            client = {"language": "en", "name": f"Newcomer {key}", "email": f"{key}@mail.example"}
            while not self._ended.is_set():
                try:
                    answer = send_referral(self._client, key, service_id=self._service, client=client)
                except httpx2.HTTPError:
                    continue
                if answer.status_code == 201:
                    self.acknowledged.append((time.monotonic(), answer.json()["id"]))
                    break
                if answer.status_code < 500:
                    self.refused.append(answer.text)
                time.sleep(0.2)


def test_the_primary_is_killed_under_load(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    assert rows(stack, "postgres", "SELECT sync_state FROM pg_stat_replication") == ["sync"]
    headers = {"Authorization": f"Bearer {stack.token(ADVISER)}"}
    with httpx2.Client(base_url=stack.url, headers=headers, timeout=30) as client:
        with Load(client) as load:
            wait_until(lambda: len(load.acknowledged) >= _MANY, "referrals are acknowledged")
            stack.compose("kill", "city-a")
            killed = time.monotonic()
            # What a managed server does by itself.
            stack.inside("city-b", "PGDATA=/var/lib/postgresql/data/files pg_ctl -w promote")
            stack.inside("pgbouncer", "bash /elsewhere/pooler.sh point city-b")
            promoted = time.monotonic()
            wait_until(lambda: len(load.since(promoted)) >= _MANY, "referrals are acknowledged again", 120)
        assert not load.refused
        for _, referral in load.acknowledged:
            assert client.get(f"/api/referral/referrals/{referral}").json()["id"] == referral
    sent = set(rows(stack, "referral", "SELECT event_id FROM outbox WHERE type = 'referral.sent.v1'", "city-b"))
    assert len(sent) >= len(load.acknowledged)
    heard = "SELECT event_id FROM inbox"
    wait_until(lambda: sent <= set(rows(stack, "notifications", heard, "city-b")), "each event is heard of")
    with capsys.disabled():
        print(
            f"\n{len(load.acknowledged)} referrals; promoted {promoted - killed:.1f} s after the kill, "
            f"acknowledged again {load.since(promoted)[0] - promoted:.1f} s later"
        )
