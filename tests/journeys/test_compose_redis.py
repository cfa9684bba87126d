"""Redis elsewhere: encrypted, behind Sentinels, and its primary lost under load."""

import time
from collections.abc import Iterator

import httpx2
import pytest

from luotsi.platform.redis_acl import USERS, acl_rules
from tests.flows.certificates import Authority
from tests.journeys.compose_stack import Stack, require_engine, wait_until
from tests.journeys.test_compose import ADVISER
from tests.journeys.test_compose_postgres import Load
from tests.sentinels import failover_rules

pytestmark = pytest.mark.compose

_SENTINELS = ",".join(f"city-sentinel-{letter}:26379" for letter in "abc")
_CERTIFIED = "?ssl_ca_certs=/etc/luotsi/certificates/authority.pem"
_OWN = "&ssl_certfile=/etc/luotsi/certificates/authority-luotsi.pem"
_MANY = 20
"""How many referrals have to be acknowledged before a failover, and after it"""


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """The platform on the Redis of a city, with the accounts of the demonstration."""
    require_engine()
    stack = Stack("deploy/external-redis.yml", "tests/journeys/elsewhere/redis.yml")
    try:
        certificates = stack.folder / "certificates"
        certificates.mkdir(mode=0o755)
        authority = Authority(certificates)
        hosts = [f"city-{kind}" for kind in ("redis-a", "redis-b", "sentinel-a", "sentinel-b", "sentinel-c")]
        authority.certificate("server", hosts=tuple(hosts))
        authority.certificate("luotsi", addresses=())
        passwords = {user: stack.secrets[f"{user.upper()}_REDIS_PASSWORD"] for user in USERS}
        rules = [*acl_rules(passwords), *failover_rules(passwords["operator"])]
        (certificates / "users.acl").write_text("\n".join(rules) + "\n")
        stack.settle(
            CERTIFICATES=str(certificates),
            REDIS_SCHEME="rediss+sentinel",
            REDIS_SERVER=f"{_SENTINELS}/luotsi",
            REDIS_OPTIONS=f"{_CERTIFIED}{_OWN}&sentinel_password={passwords['operator']}",
        )
        stack.compose("build", "migrate", seconds=900)
        stack.up(profile="demo")
        yield stack
    finally:
        stack.remove()


def primary(stack: Stack) -> str:
    """Whom the Sentinels name."""
    own = "/certificates/authority-server.pem"
    asked = "SENTINEL GET-MASTER-ADDR-BY-NAME luotsi"
    tls = f"--tls --cert {own} --key {own} --cacert /certificates/authority.pem"
    script = f'REDISCLI_AUTH="$SECRET" redis-cli {tls} --no-auth-warning -p 26379 {asked}'
    return stack.inside("city-sentinel-a", script).split()[0]


def rows(stack: Stack, database: str, query: str) -> set[str]:
    """What a query answers, a line each."""
    return set(stack.inside("postgres", f'psql -U postgres -d {database} -At -c "{query}"').splitlines())


def test_a_referral_goes_its_whole_way_and_the_doctor_is_content(stack: Stack) -> None:
    stack.compose("--profile", "journey", "run", "--rm", "-T", "demo")
    assert "redis" not in stack.containers(), "its own server is not there"
    said = stack.compose("run", "--rm", "-T", "-e", "COLUMNS=300", "cli", "doctor", check=False).stdout
    [line] = [each for each in said.splitlines() if " redis  " in each]
    assert line.startswith(" ok"), said
    assert "1 replica" in line


@pytest.mark.parametrize("parameters", [_CERTIFIED, _OWN.replace("&", "?")])
def test_nobody_gets_in_who_knows_not_the_authority_or_is_not_known(stack: Stack, parameters: str) -> None:
    address = f"rediss://operator:{stack.secrets['OPERATOR_REDIS_PASSWORD']}@city-redis-a:6379/0{parameters}"
    named = ("-e", f"REDIS_URL={address}", "-e", "COLUMNS=300")
    said = stack.compose("run", "--rm", "-T", *named, "cli", "doctor", check=False).stdout
    [line] = [each for each in said.splitlines() if " redis  " in each]
    assert line.startswith(" !!"), said


def test_the_primary_is_killed_under_load(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    headers = {"Authorization": f"Bearer {stack.token(ADVISER)}"}
    with httpx2.Client(base_url=stack.url, headers=headers, timeout=30) as client, Load(client) as load:
        wait_until(lambda: len(load.acknowledged) >= _MANY, "referrals are acknowledged")
        former = primary(stack)
        stack.compose("kill", former)
        killed = time.monotonic()
        wait_until(lambda: primary(stack) != former, "another primary")
        promoted = time.monotonic()
        wait_until(lambda: len(load.since(promoted)) >= _MANY, "referrals are acknowledged")
    assert not load.refused
    told = rows(stack, "referral", "SELECT event_id FROM outbox WHERE type = 'referral.sent.v1'")
    assert len(told) >= len(load.acknowledged)
    wait_until(lambda: told <= rows(stack, "notifications", "SELECT event_id FROM inbox"), "each event is heard of")
    caught_up = time.monotonic()
    with capsys.disabled():
        print(
            f"\n{len(load.acknowledged)} referrals; promoted {promoted - killed:.1f} s after the kill, "
            f"all heard of {caught_up - promoted:.1f} s later; longest wait for an answer to an adviser "
            f"{max(b - a for (a, _), (b, _) in zip(load.acknowledged, load.acknowledged[1:], strict=False)):.1f} s"
        )
