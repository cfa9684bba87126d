"""The platform in containers, brought up from nothing: the same journey, behind an edge, each container shut."""

import asyncio
import json
import os
import re
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import uuid4

import httpx2
import pytest

from shared.services import streams
from supply import sbom
from tests.flows.certificates import Authority, server_context
from tests.flows.mail_server import MailServer
from tests.journeys.compose_stack import Stack, require_engine, wait_until
from tests.services_by_hand import PREFIXES, PROCESSES, SIGNING

pytestmark = pytest.mark.compose

ADVISER = "adviser@navigaattori.example"
LASTING = [*PROCESSES, "retention", "postgres", "redis", "edge"]


@pytest.fixture(scope="module")
def bare() -> Iterator[Stack]:
    """The platform as `docker compose up --wait` leaves it: organisations and services, nobody's account."""
    require_engine()
    stack = Stack()
    try:
        stack.compose("build", "migrate", seconds=900)
        stack.up()
        yield stack
    finally:
        stack.remove()


@pytest.fixture(scope="module")
def stack(bare: Stack) -> Stack:
    """The same with the accounts of the demo profile, which the portal shows."""
    bare.settle(SHOW_ACCOUNTS="true")
    bare.up(profile="demo")
    return bare


@pytest.fixture(scope="module")
def adviser(stack: Stack) -> Iterator[httpx2.Client]:
    """An adviser's client of the edge."""
    headers = {"Authorization": f"Bearer {stack.token(ADVISER)}"}
    with httpx2.Client(base_url=stack.url, headers=headers, timeout=30) as client:
        yield client


def send_referral(adviser: httpx2.Client, key: str, **changes: Any) -> httpx2.Response:
    """A referral to some service, for a new client unless `changes` name one that is known."""
    body = {
        "client": {"language": "en", "name": "A newcomer", "email": "newcomer@mail.example"},
        "reason": "Looks for work",
        "urgency": "routine",
        "legal_basis": {"kind": "statute", "statute": "Act on the Promotion of Immigrant Integration 681/2023"},
        "send": True,
        **changes,
    }
    if "service_id" not in body:
        services = adviser.get("/api/catalog/services", params={"accepting": "true"}).json()
        body["service_id"] = services["contents"][0]["id"]
    return adviser.post("/api/referral/referrals", json=body, headers={"Idempotency-Key": key})


def test_secrets_that_are_missing_stop_it_with_a_word_on_what_to_do(bare: Stack) -> None:
    refused = bare.compose("config", "-q", check=False, env_file=Path(os.devnull))
    assert refused.returncode
    assert "run make env" in refused.stderr


def test_the_bill_of_materials_of_the_image_is_whole_valid_and_the_same_each_time(bare: Stack) -> None:
    first, second = (sbom.of_image(sbom.look_into(bare.image)) for _ in range(2))
    assert sbom.fault_of(first) is None
    assert first == second
    parts = [component["purl"] for component in json.loads(first)["components"]]
    installed = bare.compose(
        "run", "--rm", "-T", "--no-deps", "--entrypoint", "dpkg-query", "cli", "-f", "${Package}@${Version}\n", "-W"
    )
    debian = {unquote(purl.removeprefix("pkg:deb/debian/").partition("?")[0]) for purl in parts if "pkg:deb/" in purl}
    # The client of PostgreSQL lies there without being installed.
    assert {name.partition("@")[0] for name in debian - set(installed.stdout.split())} == {"postgresql-client-17"}
    assert debian >= set(installed.stdout.split())
    assert [purl for purl in parts if purl.startswith("pkg:pypi/fastapi@")]


def test_organisations_are_there_and_nobody_to_act_for_them(bare: Stack) -> None:
    assert httpx2.get(f"{bare.url}/api/catalog/organizations").json()["total_items"] > 0
    refused = bare.compose("run", "--rm", "-T", "cli", "token", ADVISER, check=False)
    assert refused.returncode
    assert refused.stdout == ""


def test_production_refuses_an_address_without_encryption(bare: Stack) -> None:
    refused = bare.compose(
        "run", "--rm", "-T", "--no-deps", "-e", "ENVIRONMENT=production", "referral-web", check=False
    )
    assert refused.returncode
    assert "https" in refused.stdout + refused.stderr


@pytest.mark.parametrize("container", LASTING)
def test_a_container_is_shut(bare: Stack, container: str) -> None:
    known = bare.containers()[container][0]["HostConfig"]
    assert known["ReadonlyRootfs"]
    assert known["CapDrop"] == ["ALL"]
    status = dict(
        line.split(":\t", 1) for line in bare.inside(container, "cat /proc/1/status").splitlines() if ":\t" in line
    )
    assert "0" not in status["Uid"].split()
    assert (status["CapEff"], status["CapPrm"], status["NoNewPrivs"]) == ("0" * 16, "0" * 16, "1")
    assert "Read-only file system" in bare.inside(container, "touch /usr/written", check=False)


def test_a_service_holds_no_secret_of_another(bare: Stack) -> None:
    environments = {name: "\n".join(known[0]["Config"]["Env"]) for name, known in bare.containers().items()}
    assert [name for name in PROCESSES if bare.secrets["MASTER_KEY"] in environments[name]] == [
        "referral-web",
        "referral-worker",
    ]
    private = json.loads(bare.secrets["SIGNING_KEY_JSON"].strip("'"))["d"]
    assert {name for name, environment in environments.items() if private in environment} == SIGNING


def test_a_service_adds_to_its_own_stream_only(bare: Stack) -> None:
    assert bare.redis("referral", "XLEN", "referral.events").isdigit()
    for foreign in ("catalog.events", "notification.events"):
        assert bare.redis("referral", "XADD", foreign, "'*'", "a", "b").startswith("NOPERM")
        assert bare.redis("referral", "XTRIM", foreign, "MAXLEN", "0").startswith("NOPERM")
    for command in ("FLUSHALL", "CONFIG GET '*'", "KEYS '*'", "DEL referral.events", "ACL LIST"):
        assert bare.redis("referral", command).startswith("NOPERM")
    assert "NOAUTH" in bare.inside("redis", "REDISCLI_AUTH= redis-cli XLEN referral.events", check=False)


def test_mail_leaves_both_containers_encrypted_and_the_way_back_is_shut_without_a_secret(
    bare: Stack, tmp_path: Path
) -> None:
    gateway = bare.gateway("outside")
    authority = Authority(tmp_path)
    trusted = authority.file.read_text()

    async def mail_tried() -> list[str]:
        encrypting = server_context(authority.certificate("mail", addresses=(gateway,)))
        async with MailServer(host=gateway, login=("luotsi", "secret"), starttls=encrypting) as server:
            settings = {
                "ENVIRONMENT": "production",
                "SMTP_URL": f"smtp://luotsi:secret@{gateway}:{server.port}",
                "SMTP_CA_FILE": "/tmp/authority.pem",
            }
            given = [word for name, value in settings.items() for word in ("-e", f"{name}={value}")]
            for container in ("notifications-worker", "portal-web"):
                bare.inside(container, f"printf '%s' '{trusted}' >/tmp/authority.pem")
                command = ("exec", "-T", *given, container, "luotsi", "mail", "test", f"{container}@kuopio.example")
                said = (await asyncio.to_thread(bare.compose, *command)).stdout
                assert f"{gateway}:{server.port} has taken it" in said
            return server.recipients

    assert asyncio.run(mail_tried()) == ["notifications-worker@kuopio.example", "portal-web@kuopio.example"]
    refused = httpx2.post(f"{bare.url}/api/notifications/bounces", content=b"", headers={"Authorization": "Bearer x"})
    assert refused.status_code == 404


def test_redis_keeps_what_it_has_acknowledged(bare: Stack) -> None:
    assert bare.redis("operator", "CONFIG GET appendonly").split() == ["appendonly", "yes"]
    assert bare.redis("operator", "CONFIG GET appendfsync").split() == ["appendfsync", "always"]


def test_a_service_connects_to_its_own_database_only(bare: Stack) -> None:
    def connect(database: str) -> str:
        password = bare.secrets["CATALOG_DB_PASSWORD"]
        url = f"postgresql://catalog:{password}@127.0.0.1/{database}"
        return bare.inside("postgres", f"psql -Atc 'SELECT current_user' {url}", check=False)

    assert connect("catalog") == "catalog"
    for foreign in ("referral", "notifications", "portal", "postgres", "template1"):
        assert "permission denied" in connect(foreign)


def as_role(stack: Stack, role: str, statement: str) -> str:
    """What PostgreSQL answers that role in the referral database."""
    password = stack.secrets["REFERRAL_DB_PASSWORD" if role == "referral" else "REFERRAL_OWNER_DB_PASSWORD"]
    return stack.inside("postgres", f"psql -Atc '{statement}' postgresql://{role}:{password}@127.0.0.1/referral", False)


def test_a_service_can_add_to_the_log_of_disclosures_and_no_more(bare: Stack) -> None:
    assert as_role(bare, "referral", "SELECT count(*) FROM disclosures").isdigit()
    refused = ("DELETE FROM disclosures", "UPDATE disclosures SET occasion = NULL", "TRUNCATE audit_seals")
    for statement in (*refused, "UPDATE timeline SET reason_code = NULL", "DELETE FROM deliveries"):
        assert "permission denied" in as_role(bare, "referral", statement)
    verified = bare.compose("run", "--rm", "-T", "cli", "audit", "verify")
    assert "0 sealed days" in verified.stdout


def test_a_volume_of_an_older_version_is_brought_to_two_roles(bare: Stack) -> None:
    """As it was: the service owned its database and all in it."""
    bare.compose("stop", *PROCESSES)
    older = "REASSIGN OWNED BY referral_owner TO referral; DROP OWNED BY referral_owner; DROP ROLE referral_owner"
    bare.inside("postgres", f"psql -U postgres -d referral -c '{older}'")
    assert as_role(bare, "referral", "DELETE FROM disclosures") == "DELETE 0"
    bare.up()
    assert "permission denied" in as_role(bare, "referral", "DELETE FROM disclosures")
    assert as_role(bare, "referral_owner", "DELETE FROM disclosures") == "DELETE 0"


def test_a_platform_from_before_the_portal_is_given_one_that_knows_all_organisations(bare: Stack) -> None:
    bare.compose("stop", *PROCESSES)
    superuser = "psql -U postgres -d postgres -qAt"
    older = ("DROP DATABASE portal WITH (FORCE)", "DROP ROLE portal", "DROP ROLE portal_owner")
    bare.inside("postgres", " && ".join(f"{superuser} -c '{statement}'" for statement in older))
    bare.redis("operator", "XGROUP", "DESTROY", "catalog.events", "portal")
    bare.redis("operator", "XTRIM", "catalog.events", "MAXLEN", "1")  # what all others had read
    bare.up()
    count = "'SELECT count(*) FROM organizations'"
    told = bare.inside("postgres", f"psql -U postgres -d catalog -qAt -c {count}")
    assert int(told) > 1
    wait_until(
        lambda: bare.inside("postgres", f"psql -U postgres -d portal -qAt -c {count}") == told, "every organisation"
    )


def test_the_portal_is_at_the_root_in_three_languages(bare: Stack) -> None:
    for language in ("fi", "sv", "en"):
        answer = httpx2.get(bare.url, headers={"Accept-Language": language})
        assert (answer.status_code, answer.headers["content-language"]) == (200, language)
        assert f'<html lang="{language}"' in answer.text
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert "content-encoding" not in answer.headers
    [stylesheet] = set(re.findall(r'href="(/static/[^"]+/portal\.css)"', answer.text))
    loaded = httpx2.get(bare.url + stylesheet, headers={"Accept-Encoding": "gzip"})
    assert (loaded.status_code, loaded.headers["content-encoding"]) == (200, "gzip")
    assert httpx2.get(f"{bare.url}/.well-known/jwks.json").json() == json.loads(bare.secrets["JWKS_JSON"].strip("'"))


def test_while_the_portal_is_away_the_edge_says_so_and_the_apis_answer(bare: Stack) -> None:
    bare.compose("stop", "portal-web")
    try:
        answer = httpx2.get(f"{bare.url}/referrals", timeout=30)
        assert (answer.status_code, answer.headers["retry-after"]) == (502, "5")
        assert answer.headers["content-type"].startswith("text/html")
        assert {'lang="fi"', 'lang="sv"', 'lang="en"'} == set(re.findall(r'lang="\w+"', answer.text))
        assert httpx2.get(f"{bare.url}/api/catalog/services").status_code == 200
    finally:
        bare.up()


def test_nobody_is_let_in_unasked(bare: Stack) -> None:
    forged = httpx2.post(
        f"{bare.url}/sign-in/account", data={"member_id": str(uuid4())}, headers={"Sec-Fetch-Site": "same-origin"}
    )
    assert forged.status_code == 404
    refused = bare.compose(
        *("run", "--rm", "-T", "--no-deps", "-e", "SHOW_ACCOUNTS=true", "-e", "PUBLIC_URL=https://luotsi.kuopio.fi"),
        "portal-web",
        check=False,
    )
    assert refused.returncode
    assert "SHOW_ACCOUNTS" in refused.stdout + refused.stderr


def test_a_seeded_account_is_chosen_and_its_day_begins(stack: Stack) -> None:
    with httpx2.Client(base_url=stack.url, headers={"Accept-Language": "en"}, timeout=30) as browser:
        wait_until(lambda: ADVISER in browser.get("/sign-in").text, "the accounts to choose from")
        page = browser.get("/sign-in").text
        [member] = re.findall(r'name="member_id" value="([^"]+)"(?:(?!</li>).)*' + re.escape(ADVISER), page, re.S)
        answer = browser.post("/sign-in/account", data={"member_id": member}, headers={"Sec-Fetch-Site": "same-origin"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
        assert ADVISER in browser.get("/").text


def test_organisations_and_members_come_out_of_files(stack: Stack) -> None:
    organizations = "\ufeffslug;name_fi;description_fi\r\nlukupiiri;Lukupiiri;Lukee, myös lauantaisin\r\n"
    entered = stack.compose("run", "--rm", "-T", "cli", "import", "-", piped=organizations).stdout
    assert "standard input line 2: lukupiiri is entered" in entered
    members = "email,organization,roles\nlukija@lukupiiri.example,lukupiiri,adviser\n"
    for more, counts in (
        (["--dry-run"], "members: 1 would be entered, 0 would be changed, 0 as they were"),
        ([], "members: 1 entered, 0 changed, 0 as they were"),
        ([], "members: 0 entered, 0 changed, 1 as they were"),
    ):
        assert counts in stack.compose("run", "--rm", "-T", "cli", "import", "-", *more, piped=members).stdout
    refused = stack.compose("run", "--rm", "-T", "cli", "import", "-", piped=members + "lukija,x,y\n", check=False)
    assert refused.returncode == 1
    assert "standard input line 3, organization: there is no organisation x." in refused.stderr
    assert stack.token("lukija@lukupiiri.example")


def test_what_the_edge_refuses_is_a_problem_too(bare: Stack) -> None:
    answer = httpx2.get(f"{bare.url}/api/nothing/here")
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == 404
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server" not in answer.headers


@pytest.mark.parametrize("service", sorted(PREFIXES))
def test_figures_are_not_for_those_outside(bare: Stack, service: str) -> None:
    url = f"{bare.url}{PREFIXES[service]}/metrics"
    assert httpx2.get(url).status_code == 200
    assert httpx2.get(url, headers={"X-Forwarded-For": "198.51.100.7"}).status_code == 404


@pytest.mark.parametrize("service", sorted(name for name, prefix in PREFIXES.items() if prefix))
def test_a_service_knows_its_prefix(bare: Stack, service: str) -> None:
    prefix = PREFIXES[service]
    base = f"{bare.url}{prefix}"
    description = httpx2.get(f"{base}/openapi.json").json()
    assert description["servers"] == [{"url": prefix}]
    assert f"{prefix}/openapi.json" in httpx2.get(f"{base}/docs").text
    assert httpx2.get(f"{base}/readyz").json()["status"] == "ready"


def test_location_leads_back_through_the_edge(adviser: httpx2.Client) -> None:
    sent = send_referral(adviser, "location")
    assert sent.status_code == 201, sent.text
    referral = adviser.get(sent.headers["Location"])
    assert referral.url.path == f"/api/referral/referrals/{sent.json()['id']}"
    assert referral.json()["reference"] == sent.json()["reference"]


def test_a_body_that_is_too_large_is_refused_with_a_problem(adviser: httpx2.Client) -> None:
    refused = send_referral(adviser, "large", private_note="x" * 2_000_000)
    assert refused.status_code == 413
    assert refused.headers["content-type"] == "application/problem+json"


def test_a_long_answer_is_compressed_and_its_tag_known_again(bare: Stack) -> None:
    url, asked = f"{bare.url}/api/catalog/services", {"Accept-Encoding": "gzip"}
    found = httpx2.get(url, headers=asked)
    assert found.headers["content-encoding"] == "gzip"
    assert found.json()["total_items"] == len(found.json()["contents"])
    again = httpx2.get(url, headers={**asked, "If-None-Match": found.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_a_body_that_never_ends_is_given_up(stack: Stack) -> None:
    edge = httpx2.URL(stack.url)
    head = f"POST /api/referral/referrals HTTP/1.1\r\nHost: {edge.host}\r\nContent-Length: 100\r\n"
    with socket.create_connection((edge.host, edge.port or 80), timeout=60) as sender:
        sender.sendall(
            f"{head}Authorization: Bearer {stack.token(ADVISER)}\r\nIdempotency-Key: slow\r\n\r\n{{".encode()
        )
        answer = sender.recv(65536).decode()
    assert answer.startswith("HTTP/1.1 408 ")
    assert "urn:luotsi:problem:too-slow" in answer


def journey(stack: Stack) -> dict[str, Any]:
    played = stack.compose("run", "--rm", "-T", "demo", "luotsi", "demo", "--edge", "http://edge:8080", "--json")
    result: dict[str, Any] = json.loads(played.stdout)
    return result


def test_the_journey_reaches_everyone_concerned(stack: Stack) -> None:
    played = journey(stack)
    assert played["ok"] is True
    ends = ["completed", "rejected", "completed", "cancelled", "cancelled"]
    assert [referral["status"] for referral in played["referrals"]] == ends
    logged = stack.compose("logs", "--no-color", "--no-log-prefix", *PROCESSES).stdout.splitlines()
    assert len(logged) > len(PROCESSES)
    errors = [line for line in logged if '"level": "ERROR"' in line or '"level": "CRITICAL"' in line]
    # Of the six that start together one may miss another for a moment, and says so.
    assert [line for line in errors if "is not trimmed" not in line] == []


def test_workers_share_the_work(stack: Stack) -> None:
    stack.up("--no-recreate", "--scale", "referral-worker=3", profile="demo")
    assert len(stack.containers()["referral-worker"]) == 3

    def all_read() -> bool:
        return stack.redis("operator", "XINFO CONSUMERS catalog.events referral").count("name") >= 3

    wait_until(all_read, "three consumers of the catalogue's events")
    assert journey(stack)["ok"] is True
    stack.up("--no-recreate", "--scale", "referral-worker=1", profile="demo")


def test_a_worker_that_is_killed_comes_back(stack: Stack) -> None:
    def restarts() -> int:
        return int(stack.containers()["notifications-worker"][0]["RestartCount"])

    before = restarts()
    # From inside, as a crash would be: what an operator kills from outside is meant to stay down.
    stack.inside("notifications-worker", "kill -9 -1", check=False)
    wait_until(lambda: restarts() > before, "a restart of the worker")
    stack.up("--no-recreate", profile="demo")
    assert journey(stack)["ok"] is True


def test_events_wait_while_redis_is_away(stack: Stack, adviser: httpx2.Client) -> None:
    stack.compose("kill", "redis")
    try:
        assert adviser.get("/api/referral/readyz").json()["status"] == "degraded"
        sent = send_referral(adviser, "redis-away")
        assert sent.status_code == 201, sent.text
    finally:
        stack.up("--no-recreate", profile="demo")

    def told() -> bool:
        # All of it: figures about services, which came to be meanwhile too, may well follow.
        return str(sent.json()["id"]) in stack.redis("operator", "XRANGE referral.events - +")

    wait_until(told, "the event of the referral sent meanwhile")


def held(stack: Stack) -> dict[str, str]:
    """Event → the entry that has it, of all streams. An event that is published again is in another entry."""
    found: dict[str, str] = {}
    for name in streams():
        entry = ""
        for line in stack.redis("operator", f"XRANGE {name} - +").splitlines():
            entry = line if re.fullmatch(r"\d+-\d+", line) else entry
            if event := re.search(r'"id": ?"([0-9a-f-]{36})"', line):
                assert event[1] not in found, f"{event[1]} is in {found[event[1]]} and in {entry}"
                found[event[1]] = entry
    return found


@pytest.mark.parametrize("end", ["restart", "kill"])
def test_redis_replays_transactions_and_scripts_and_nothing_is_published_again(
    stack: Stack, adviser: httpx2.Client, end: str
) -> None:
    """Redis 8 replays its file as the default user, and leaves out what that one may not do."""
    send_referral(adviser, f"before-{end}")
    script = "for _ = 1, 2 do redis.call('XADD', KEYS[1], '*', 'a', 'b') end"
    stack.redis("operator", f'EVAL "{script}" 1 drill:script')
    stack.redis("operator", "<<'END'\nMULTI\nXADD drill:multi * a b\nXADD drill:multi * a c\nEXEC\nEND\n")
    before = held(stack)
    stack.compose(end, "redis")
    stack.up("--no-recreate", profile="demo")
    time.sleep(3)  # each relay has looked at its stream
    after = held(stack)
    assert before.keys() & after.keys(), "the newest of each stream stays when it is trimmed"
    assert {event: entry for event, entry in after.items() if event in before} == {
        event: entry for event, entry in before.items() if event in after
    }
    assert [stack.redis("operator", f"XLEN drill:{kind}") for kind in ("script", "multi")] == ["2", "2"]
    stack.redis("operator", "DEL drill:script drill:multi")
    assert "NOPERM" not in stack.compose("logs", "--no-color", "redis").stdout
    assert "published again" not in stack.compose("logs", "--no-color", *PROCESSES).stdout
    sent = send_referral(adviser, f"after-{end}").json()["id"]
    wait_until(lambda: sent in stack.redis("operator", "XREVRANGE referral.events + - COUNT 9"), "the next event")


def test_retention_makes_up_for_a_night_that_was_missed(stack: Stack) -> None:
    def referral_database(statement: str) -> str:
        return stack.inside("postgres", f'psql -U postgres -d referral -qAt -c "{statement}"')

    missed = "now() - interval '3 days', now() - interval '3 days'"
    referral_database(f"INSERT INTO retention_runs VALUES (gen_random_uuid(), {missed}, '{{}}')")
    stack.compose("restart", "retention")
    wait_until(lambda: referral_database("SELECT count(*) FROM retention_runs") == "2", "a run of retention")
    wait_until(lambda: "retention took away: nothing" in stack.compose("logs", "retention").stdout, "its log")
    shown = stack.compose("run", "--rm", "-T", "cli", "doctor", check=False).stdout
    assert re.search(r"ok\s+retention\s+ran \d+ s ago; due: nothing", shown), shown


def test_one_service_being_away_stops_no_other(stack: Stack, adviser: httpx2.Client) -> None:
    service = adviser.get("/api/catalog/services", params={"accepting": "true"}).json()["contents"][0]["id"]
    stack.compose("stop", "catalog-web", "catalog-worker")
    try:
        away = adviser.get("/api/catalog/services")
        assert away.status_code == 503
        assert away.headers["content-type"] == "application/problem+json"
        sent = send_referral(adviser, "catalogue-away", service_id=service)
        assert sent.status_code == 201, sent.text
        assert adviser.get(sent.headers["Location"]).status_code == 200
    finally:
        stack.up("--no-recreate", profile="demo")


def test_all_is_there_after_a_stop(stack: Stack, adviser: httpx2.Client) -> None:
    sent = send_referral(adviser, "stop").json()
    stack.compose("--profile", "*", "down", "-t", "20")
    stack.up(profile="demo")
    kept = adviser.get(f"/api/referral/referrals/{sent['id']}")
    assert kept.status_code == 200, kept.text
    assert kept.json()["reference"] == sent["reference"]
