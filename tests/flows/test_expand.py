"""Since the former version tables have only gained; what was taken away is named by the migration that does so."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from alembic.script import ScriptDirectory

from luotsi.embedded.servers import Servers, start_servers
from shared.database.migrations import alembic_config, upgrade
from shared.version import RUNS_WITH, VERSION, numbers_of
from tests.upgrade import former as history
from tests.upgrade.former import former, former_revisions
from tests.upgrade.schemas import Schema, read_schema, taken_away


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers whose databases are empty."""
    with start_servers(tmp_path_factory.mktemp("bare"), durable=False) as servers:
        yield servers


@pytest.fixture(scope="module")
def newest(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Servers with the tables of this version and nothing in them, for rows would refuse some of the changes."""
    with start_servers(tmp_path_factory.mktemp("newest"), durable=False) as servers:
        bring_to(servers, "referral", "head")
        yield servers


def schema(servers: Servers, service: str, change: str = "") -> Schema:
    """The schema of a database, as it would be after `change`, which is taken back."""

    async def read() -> Schema:
        connection = await asyncpg.connect(servers.owner_urls[service])
        try:
            await connection.execute(f"BEGIN; {change}")
            return await read_schema(connection, service)
        finally:
            await connection.close()

    return asyncio.run(read())


def bring_to(servers: Servers, service: str, revision: str) -> None:
    config = alembic_config(service, servers.owner_urls[service])
    config.attributes["role"] = service
    command.upgrade(config, revision)


def named_as_gone(service: str, since: str) -> set[str]:
    """What the migrations since then say that they take away."""
    scripts = ScriptDirectory.from_config(alembic_config(service, ""))
    return {
        name for script in scripts.walk_revisions(since, "head") for name in getattr(script.module, "contracts", ())
    }


@pytest.mark.parametrize("service", sorted(former_revisions()))
def test_since_the_former_version_tables_have_only_gained(bare: Servers, service: str) -> None:
    since = former_revisions()[service]
    bring_to(bare, service, since)
    before = schema(bare, service)
    upgrade(service, bare.owner_urls[service])
    lost = taken_away(before, schema(bare, service))
    allowed = named_as_gone(service, since)
    assert {name: why for name, why in lost.items() if name not in allowed} == {}, (
        f"version {former()['version']} still works with this: see CONTRIBUTING.md, a migration"
    )


@pytest.mark.parametrize(
    ("change", "name", "why"),
    [
        ("ALTER TABLE referrals DROP COLUMN urgency", "referrals.urgency", "gone"),
        ("ALTER TABLE referrals RENAME COLUMN urgency TO hurry", "referrals.urgency", "gone"),
        ("DROP TABLE leases", "leases.holder", "gone"),
        ("ALTER TABLE leases ALTER holder TYPE varchar(9)", "leases.holder", "was text"),
        ("ALTER TABLE outbox ALTER published_at SET NOT NULL", "outbox.published_at", "empty"),
        ("ALTER TABLE outbox ALTER recorded_at DROP DEFAULT", "outbox.recorded_at", "default"),
        ("ALTER TABLE leases ADD since int NOT NULL", "leases.since", "has to be given"),
        ("ALTER TABLE leases ADD CONSTRAINT named CHECK (holder <> '')", "leases.named", "new rule"),
        ("CREATE UNIQUE INDEX one_each ON leases (holder)", "leases.one_each", "new rule"),
        ("REVOKE UPDATE ON leases FROM referral", "leases.holder", "no longer UPDATE"),
        ("REVOKE DELETE ON leases FROM referral", "leases", "no longer DELETE"),
    ],
)
def test_what_takes_something_away_is_found(newest: Servers, change: str, name: str, why: str) -> None:
    assert why in taken_away(schema(newest, "referral"), schema(newest, "referral", change))[name]


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE leases ADD note text",
        "ALTER TABLE leases ADD since int NOT NULL DEFAULT 0",
        "CREATE TABLE further (id int NOT NULL PRIMARY KEY)",
        "ALTER TABLE leases ALTER holder DROP NOT NULL",
        "CREATE INDEX by_holder ON leases (holder)",
    ],
)
def test_what_only_adds_is_let_be(newest: Servers, change: str) -> None:
    assert taken_away(schema(newest, "referral"), schema(newest, "referral", change)) == {}


def test_the_versions_that_are_named_fit_each_other() -> None:
    assert former()["version"] == RUNS_WITH
    assert numbers_of(RUNS_WITH) <= numbers_of(VERSION)


def test_a_clone_without_the_history_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "init", "-q", tmp_path], check=True)
    monkeypatch.setattr(history, "ROOT", tmp_path)
    with pytest.raises(AssertionError, match="git fetch --unshallow"):
        history._tree.__wrapped__()


def test_a_shallow_clone_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{history.ROOT}", tmp_path / "clone"], check=True)
    monkeypatch.setattr(history, "ROOT", tmp_path / "clone")
    assert history._tree.__wrapped__() == former()["commit"]
