"""Before tables change there is a backup; a rehearsal leaves nothing; an older version knows where it may run."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from alembic import command
from alembic.script import ScriptDirectory
from typer.testing import CliRunner, Result

from luotsi import cli
from luotsi.backup import keeping, making, sealing
from luotsi.backup.manifest import finished, read_manifest
from luotsi.backup.settings import BackupSettings
from luotsi.backup.store import open_store
from luotsi.embedded.servers import Servers, start_servers
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from luotsi.upgrade.rehearsing import throw_away_databases
from shared.clock import utc_now
from shared.database.migrations import alembic_config, revisions, told, upgrade
from shared.services import service_names
from shared.version import VERSION
from tests.backups.backed_up import BackedUp
from tests.flows.operating import environment, target
from tests.platform import Platform

COLUMN = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'clients' AND column_name = 'lookups_form'"


class Older:
    """Servers whose referral database is three migrations behind, and the command line on them."""

    def __init__(self, servers: Servers, folder: Path, keys: dict[str, str]) -> None:
        self.servers = servers
        self.data = folder / "data"
        self.data.mkdir()
        self.environment = {**keys, "REDIS_URL": servers.redis_urls["operator"]}
        for service in service_names():
            self.environment[f"{service.upper()}_DATABASE_URL"] = servers.database_urls[service]
            self.environment[f"{service.upper()}_OWNER_DATABASE_URL"] = servers.owner_urls[service]

    def luotsi(self, *arguments: str, **changes: str) -> Result:
        given = self.environment | {"COLUMNS": "200"} | changes
        done = CliRunner().invoke(cli.app, [*arguments, "--data", str(self.data)], env=given)
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done

    def ask(self, statement: str, service: str = "referral", database: str | None = None) -> Any:
        async def asked() -> Any:
            connection = await asyncpg.connect(
                self.servers.owner_urls[service], **({"database": database} if database else {})
            )
            try:
                return await connection.fetchval(statement)
            finally:
                await connection.close()

        return asyncio.run(asked())

    @property
    def at(self) -> str:
        return str(self.ask("SELECT version_num FROM alembic_version"))


@pytest.fixture
def older(tmp_path: Path, platform: Platform) -> Iterator[Older]:
    keys = environment(platform)
    with start_servers(tmp_path / "older", durable=False) as servers:
        for service in service_names():
            if service == "referral":
                config = alembic_config(service, servers.owner_urls[service])
                config.attributes["role"] = service
                command.upgrade(config, "0010")
            else:
                upgrade(service, servers.owner_urls[service])
        yield Older(servers, tmp_path, keys)


NEWEST = revisions("referral")[-1]


def test_tables_change_only_after_a_backup_and_the_way_back_is_one_command(older: Older) -> None:
    older.ask("INSERT INTO leases (name, holder, expires_at) VALUES ('kept', 'x', now())")
    said = older.luotsi("migrate").stdout
    folder = older.data / "before-upgrade"
    assert f"in {folder}" in said.partition("referral:")[0]
    assert "referral: 0011 " in said
    assert older.at == NEWEST
    store = open_store(BackupSettings(backup_target=str(folder)))
    (name,) = finished(store)
    manifest = read_manifest(store, name)
    assert (manifest.databases["referral"].schema_revision, manifest.before_version) == ("0010", VERSION)
    assert {oct(path.stat().st_mode & 0o077) for path in folder.rglob("*")} == {"0o0"}

    assert "backed up" not in older.luotsi("migrate").stdout, "nothing was left to change"
    assert finished(store) == [name]

    older.ask("DELETE FROM leases")
    back = older.luotsi("restore", "before-upgrade").stdout
    assert f"restored from {name}" in back
    assert older.ask("SELECT holder FROM leases WHERE name = 'kept'") == "x"


def test_without_a_place_for_a_backup_nothing_changes_unless_told_to(older: Older) -> None:
    older.data.rmdir()
    for refused in ({}, {"BACKUP_TARGET": "s3://bucket/prefix"}):
        with pytest.raises(PlatformError, match="--no-backup"):
            older.luotsi("migrate", **refused)
        assert older.at == "0010"
    older.luotsi("migrate", MIGRATE_BACKUP="false")
    assert older.at == NEWEST


def test_where_backups_are_sealed_for_others_it_is_one_of_them(older: Older, backed_up: BackedUp) -> None:
    assert str(backed_up.target) in older.luotsi("migrate", **backed_up.settings).stdout
    (name,) = finished(backed_up.store)
    assert read_manifest(backed_up.store, name).before_version == VERSION
    assert not (older.data / "before-upgrade").exists()
    with pytest.raises(PlatformError, match="--identity"):
        older.luotsi("restore", "before-upgrade", **backed_up.settings)
    back = older.luotsi("restore", "before-upgrade", "--identity", str(backed_up.identity), **backed_up.settings)
    assert f"restored from {name}" in back.stdout


def databases(older: Older) -> set[str]:
    return set(older.ask("SELECT array_agg(datname) FROM pg_database WHERE NOT datistemplate"))


def test_a_rehearsal_tells_each_step_and_leaves_nothing(older: Older) -> None:
    before = databases(older)
    said = older.luotsi("rehearse", ADMIN_DATABASE_URL=older.servers.postgres_admin_url).stdout
    for revision in revisions("referral")[10:]:
        assert f"referral: {revision} " in said
    assert "catalog: nothing to change" in said
    assert (older.at, databases(older)) == ("0010", before)
    assert older.ask(COLUMN) == 0


def test_of_two_rehearsals_at_once_one_is_refused(older: Older) -> None:
    admin = older.servers.postgres_admin_url
    with throw_away_databases(Target(older.data, {**older.environment, "ADMIN_DATABASE_URL": admin}, {})):
        during = databases(older)
        with pytest.raises(PlatformError, match="a rehearsal is running already"):
            older.luotsi("rehearse", ADMIN_DATABASE_URL=admin)
        assert databases(older) == during, "what the first one works on stays"


async def test_a_rehearsal_on_a_backup_needs_no_administrator(backed_up: BackedUp) -> None:
    name = await backed_up.make()
    said = (await backed_up.luotsi("rehearse", "latest", "--identity", str(backed_up.identity))).stdout
    assert f"rehearsed on {name}" in said
    assert said.count("nothing to change") == len(service_names())
    assert "name both" in await backed_up.refused("rehearse", "latest")


def test_a_migration_that_fails_is_found_on_the_copy(older: Older) -> None:
    older.ask("CREATE TABLE retention_runs (id int)")
    before = databases(older)
    with pytest.raises(PlatformError, match=r"referral: a migration failed on the copy: .*retention_runs"):
        older.luotsi("rehearse", ADMIN_DATABASE_URL=older.servers.postgres_admin_url)
    assert databases(older) == before


@pytest_asyncio.fixture
async def of_a_newer_version(platform: Platform) -> AsyncIterator[Any]:
    """Lets the referral database be one that a newer version has migrated, and puts it back."""
    connection = await asyncpg.connect(platform.servers.owner_urls["referral"])

    async def become(runs_with: str | None) -> None:
        await connection.execute("UPDATE alembic_version SET version_num = '9999'")
        comment = "NULL" if runs_with is None else f"'{told('9.9.9', runs_with)}'"
        await connection.execute(f"COMMENT ON TABLE alembic_version IS {comment}")

    try:
        yield become
    finally:
        await connection.execute(f"UPDATE alembic_version SET version_num = '{NEWEST}'")
        await connection.close()
        await asyncio.to_thread(upgrade, "referral", platform.servers.owner_urls["referral"])


async def test_an_older_version_leaves_tables_that_it_runs_with(backed_up: BackedUp, of_a_newer_version: Any) -> None:
    await of_a_newer_version(VERSION)
    said = (await backed_up.luotsi("migrate")).stdout
    assert "referral: of a newer version, with which this one runs: left as it is" in said
    assert "backed up" not in said


async def test_an_older_version_refuses_tables_that_it_does_not_run_with(
    backed_up: BackedUp, of_a_newer_version: Any
) -> None:
    await of_a_newer_version("9.8.0")
    assert "install 9.8.0" in await backed_up.refused("migrate")
    await of_a_newer_version(None)
    assert "does not know" in await backed_up.refused("migrate")


async def test_a_backup_before_an_upgrade_outlives_the_others_of_its_day(backed_up: BackedUp) -> None:
    for_whom = sealing.recipients(backed_up.settings["BACKUP_RECIPIENTS"])
    at = target(backed_up.platform)
    now = utc_now()
    kept = await making.make(at, backed_up.store, for_whom, now - timedelta(minutes=2), before_version=VERSION)
    usual = await making.make(at, backed_up.store, for_whom, now - timedelta(minutes=1))
    newest = await making.make(at, backed_up.store, for_whom, now)
    settings = BackupSettings(backup_keep_daily=1, backup_keep_weekly=0, backup_keep_monthly=0)
    assert keeping.prune(backed_up.store, settings, now) == [usual.name]
    assert finished(backed_up.store) == [kept.name, newest.name]


@pytest.mark.parametrize("service", service_names())
def test_files_of_migrations_are_named_by_their_numbers(service: str) -> None:
    scripts = ScriptDirectory.from_config(alembic_config(service, ""))
    assert [script.revision for script in scripts.walk_revisions()][::-1] == revisions(service)
