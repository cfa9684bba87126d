"""The operator's command line on real servers: tokens, the first administrator, what it says when it cannot."""

import asyncio
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from redis import Redis
from typer.testing import CliRunner

from luotsi.cli import app
from luotsi.embedded.servers import Servers
from luotsi.platform.key_files import ensure_keys
from luotsi.platform.process import PlatformError
from luotsi.platform.target import find_target
from shared.services import dead_stream
from shared.web.tokens import Verifier

ISSUER = "https://luotsi.example"

Run = Callable[..., str]


@pytest.fixture
def run(servers: Servers, tmp_path: Path) -> Run:
    """Runs a command against an emptied catalogue; returns what it printed, raises what it raised."""
    signing_key, _ = ensure_keys(tmp_path / "keys")
    execute(servers, "TRUNCATE organizations, outbox CASCADE")
    environment = {
        "CATALOG_DATABASE_URL": servers.database_urls["catalog"],
        "SIGNING_KEY": str(signing_key),
        "ISSUER": ISSUER,
    }

    def run(*arguments: str, data: bool = True, **changes: str) -> str:
        where = ["--data", str(tmp_path)] if data else []
        result = CliRunner().invoke(app, [*arguments, *where], env=environment | changes)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == 0, result.output
        return result.stdout.strip()

    return run


def execute(servers: Servers, statement: str, *arguments: object) -> None:
    """Change something behind the catalogue's back."""

    async def run() -> None:
        connection = await asyncpg.connect(servers.owner_urls["catalog"])
        await connection.execute(statement, *arguments)
        await connection.close()

    asyncio.run(run())


def test_a_token_speaks_for_the_member_as_services_expect_it(run: Run, tmp_path: Path) -> None:
    run("seed", "--no-accounts")
    run("admin", "create", "Boss@navigaattori.example", "--org", "navigaattori")
    token = run("token", "boss@NAVIGAATTORI.example")

    claims = asyncio.run(Verifier(ISSUER, str(tmp_path / "keys/jwks.json")).claims(token))
    assert claims["roles"] == ["admin"]
    assert claims["client_id"]

    assert claims["exp"] - claims["iat"] == 15 * 60
    assert abs(claims["iat"] - time.time()) < 60
    keys = KeySet.import_key_set(json.loads((tmp_path / "keys/jwks.json").read_text()))
    assert jwt.decode(token, keys).header == {"typ": "at+jwt", "alg": "ES256", "kid": keys.keys[0].kid}


def test_somebody_in_two_organisations_chooses_one(run: Run) -> None:
    run("seed", "--no-accounts")
    for slug in ("navigaattori", "kompassi"):
        run("admin", "create", "both@kuopio.example", "--org", slug)
    with pytest.raises(PlatformError, match="kompassi, navigaattori: choose one with --org"):
        run("token", "both@kuopio.example")
    assert run("token", "both@kuopio.example", "--org", "kompassi")
    with pytest.raises(PlatformError, match="no member of savonia"):
        run("token", "both@kuopio.example", "--org", "savonia")


def test_who_left_or_never_was_gets_no_token(run: Run, servers: Servers) -> None:
    run("seed", "--no-accounts")
    run("admin", "create", "gone@kuopio.example", "--org", "kuopio")
    execute(servers, "UPDATE members SET active = false")
    with pytest.raises(PlatformError, match="deactivated in kuopio"):
        run("token", "gone@kuopio.example")
    with pytest.raises(PlatformError, match="no member has the address"):
        run("token", "never@kuopio.example")


def test_the_first_administrator_is_made_once(run: Run) -> None:
    assert "is now" in run("admin", "create", "first@luotsi.example", "--org", "luotsi")
    assert "is already" in run("admin", "create", "first@luotsi.example", "--org", "luotsi")
    with pytest.raises(PlatformError, match="not an e-mail address"):
        run("admin", "create", "nobody", "--org", "luotsi")


def test_an_organisation_that_does_not_exist_gets_no_administrator(run: Run, servers: Servers) -> None:
    with pytest.raises(PlatformError, match=r"no organisation kompasi, and none at all yet: `luotsi seed`"):
        run("admin", "create", "boss@kompassi.example", "--org", "kompasi")
    run("seed", "--no-accounts")
    with pytest.raises(
        PlatformError, match=r"no organisation kompasi. Did you mean kompassi or kuopio\? There are .*, kompassi, "
    ):
        run("admin", "create", "boss@kompassi.example", "--org", "kompasi")
    with pytest.raises(PlatformError, match=r"no organisation zz. There are "):
        run("admin", "create", "boss@kompassi.example", "--org", "zz")
    assert "is now" in run("admin", "create", "boss@kompassi.example", "--org", "kompassi")


def test_the_platforms_own_organisation_is_entered_with_its_first_administrator(run: Run) -> None:
    assert "is now an administrator of luotsi" in run("admin", "create", "first@luotsi.example")
    assert " 1 organisations" not in run("seed", "--no-accounts"), "the others are seeded beside it"


def test_seeding_twice_adds_nothing_and_accounts_are_optional(run: Run) -> None:
    assert " 0 members" in run("seed", "--no-accounts")
    assert " 0 organisations, 0 services, 0 members" not in run("seed")
    assert " 0 organisations, 0 services, 0 members" in run("seed")


def test_a_token_needs_the_catalogue_and_the_signing_key(run: Run, tmp_path: Path) -> None:
    run("seed", "--no-accounts")
    run("admin", "create", "boss@kuopio.example", "--org", "kuopio")
    (tmp_path / "keys/signing.json").unlink()
    with pytest.raises(PlatformError, match="the signing key cannot be read"):
        run("token", "boss@kuopio.example")
    with pytest.raises(PlatformError, match="the catalogue's database does not answer"):
        run("token", "boss@kuopio.example", CATALOG_DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")


def test_migrating_again_changes_nothing(run: Run, servers: Servers) -> None:
    said = run("migrate", "catalog", CATALOG_OWNER_DATABASE_URL=servers.owner_urls["catalog"])
    assert said == "catalog: up to date"
    with pytest.raises(PlatformError, match="no such service: kitchen"):
        run("migrate", "kitchen")


def test_an_env_file_is_written_once_and_completed_when_asked(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "deployment.env"
    assert "is written" in run("env", str(path), data=False)
    path.write_text("\n".join(line for line in path.read_text().splitlines() if not line.startswith("ISSUER=")))
    assert "does not name ISSUER" in run("env", str(path), data=False)
    assert "has been given ISSUER" in run("env", str(path), "--add", data=False)
    assert "stays as it is" in run("env", str(path), data=False)
    assert "lacks nothing" in run("env", str(path), "--add", data=False)


def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "luotsi", "token", "boss@kuopio.example", "--data", str(tmp_path)]
    without_database = {name: value for name, value in os.environ.items() if name != "CATALOG_DATABASE_URL"}
    ended = subprocess.run(command, env=without_database, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert ended.stderr.startswith("luotsi: no platform is running in ")
    assert ended.stderr.count("\n") == 1


def test_without_a_platform_it_says_how_to_get_one(tmp_path: Path) -> None:
    target = find_target(tmp_path, {})
    for ask in (lambda: target.database_url("catalog"), lambda: target.redis_url, lambda: target.signing_key):
        with pytest.raises(PlatformError, match="luotsi up"):
            ask()


def test_a_platform_that_is_gone_counts_for_nothing(tmp_path: Path) -> None:
    facts = {"databases": {"catalog": "postgresql://here"}, "pid": os.getpid()}
    (tmp_path / "platform.json").write_text(json.dumps(facts))
    assert find_target(tmp_path, {}).database_url("catalog") == "postgresql://here"
    (tmp_path / "platform.json").write_text(json.dumps(facts | {"pid": 2**22 + 1}))
    with pytest.raises(PlatformError):
        find_target(tmp_path, {}).database_url("catalog")


def test_keys_are_made_once_and_only_the_public_half_is_open(tmp_path: Path) -> None:
    signing, public = ensure_keys(tmp_path / "keys")
    key = ECKey.import_key(json.loads(signing.read_text()))
    [published] = json.loads(public.read_text())["keys"]
    assert published["kid"] == key.kid == key.thumbprint()
    assert "d" not in published
    assert signing.stat().st_mode & 0o777 == 0o600
    assert public.stat().st_mode & 0o777 == 0o644
    before = signing.read_text()
    ensure_keys(tmp_path / "keys")
    assert signing.read_text() == before


def test_doctor_names_each_piece_that_is_not_well(servers: Servers, tmp_path: Path) -> None:
    environment = {"CATALOG_DATABASE_URL": servers.database_urls["catalog"], "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path)], env=environment)
    assert result.exit_code == 1
    well = {line.split()[2] for line in result.stdout.splitlines() if line.split()[:2] == ["ok", "database"]}
    ill = {line.split()[2] for line in result.stdout.splitlines() if line.split()[:2] == ["!!", "database"]}
    assert (well, ill) == ({"catalog"}, {"portal", "referral", "notifications"})
    assert "set REFERRAL_URL" in result.stdout


def test_doctor_looks_at_every_group_of_every_stream(servers: Servers, tmp_path: Path) -> None:
    redis: Any = Redis.from_url(servers.redis_urls["operator"])
    redis.flushall()
    redis.xgroup_create("referral.events", "catalog", id="0", mkstream=True)
    redis.xadd("referral.events", {"__data__": "{}"})
    redis.xadd(dead_stream("referral.events", "catalog"), {"__data__": "{}"})
    redis.close()
    environment = {"REDIS_URL": servers.redis_urls["operator"], "COLUMNS": "200"}
    result = CliRunner().invoke(app, ["doctor", "--data", str(tmp_path)], env=environment)
    assert result.exit_code == 1
    rows = [line.split("!!")[1].strip() for line in result.stdout.splitlines() if "!!" in line]
    found = {row.split("  ")[0]: row for row in rows}
    assert "1 to read, 0 in work, 1 dead letter, 0 consumers" in found["referral.events → catalog"]
    assert "the declared group is missing" in found["catalog.events → referral"]
    assert "append-only file NOT durable" in found["redis"], "the tests' server never waits for the disk"
