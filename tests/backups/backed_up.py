"""What tests of backups share: a target, a pair of keys, and the command line on the tests' platform."""

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import asyncpg
from typer.testing import Result

from luotsi.backup import sealing
from luotsi.backup.settings import backup_settings
from luotsi.backup.store import BackupStore, open_store
from luotsi.platform.process import PlatformError
from shared.database.migrations import upgrade
from tests.flows.operating import luotsi
from tests.platform import Platform


@dataclass
class BackedUp:
    """A platform, where its backups go, and who may read them."""

    platform: Platform
    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.identity = self.folder / "identity.txt"
        secret, public = sealing.new_identity()
        self.identity.write_text(secret)
        self.target = self.folder / "target"
        self.target.mkdir()
        self.settings = {"BACKUP_TARGET": str(self.target), "BACKUP_RECIPIENTS": public} | self.settings

    @property
    def store(self) -> BackupStore:
        """The target as code sees it."""
        return open_store(backup_settings(self.settings))

    async def luotsi(self, *arguments: str, **changes: str) -> Result:
        """Run a command on the platform; what it cannot do is raised."""
        done = await asyncio.to_thread(luotsi, self.platform, *arguments, **(self.settings | changes))
        assert done.exit_code == 0, done.output
        return done

    async def refused(self, *arguments: str, **changes: str) -> str:
        """Run a command that is refused; returns what is said."""
        try:
            done = await asyncio.to_thread(luotsi, self.platform, *arguments, **(self.settings | changes))
        except PlatformError as error:
            return str(error)
        raise AssertionError(f"was not refused: {done.output}")

    async def mend(self) -> None:
        """Give the databases their tables again."""
        for service, url in self.platform.servers.owner_urls.items():
            await asyncio.to_thread(upgrade, service, url)

    async def make(self) -> str:
        """Make a backup; returns its name."""
        done = await self.luotsi("backup", "make")
        return done.stdout.partition(": ")[0]


_DROP_ALL = """
DO $$ DECLARE thing record; BEGIN
    FOR thing IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        EXECUTE format('DROP TABLE %I CASCADE', thing.name);
    END LOOP;
    FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc WHERE pronamespace = 'public'::regnamespace LOOP
        EXECUTE format('DROP FUNCTION %s', thing.name);
    END LOOP;
END $$
"""


async def stop(platform: Platform) -> None:
    """Close every connection to the databases, as processes do that end."""
    pools = [*platform.databases.values(), *platform.owners.values()]
    pools += [app.state.luotsi.database for app in platform.apps.values()]
    for database in pools:
        await database.close()
    for worker in platform.workers.values():
        await worker._database.close()


async def lose(platform: Platform, *services: str) -> None:
    """Lose all that lies in these databases."""
    await stop(platform)
    for service in services:
        connection = await asyncpg.connect(platform.servers.owner_urls[service])
        try:
            await connection.execute(_DROP_ALL)
        finally:
            await connection.close()


async def forget_epochs(platform: Platform) -> None:
    """Make the databases what they were, for other tests."""
    await stop(platform)
    for service, url in platform.servers.owner_urls.items():
        await asyncio.to_thread(upgrade, service, url)
    await reset_epochs(platform)


async def reset_epochs(platform: Platform) -> None:
    """Let the databases have the epoch of new ones."""
    for service, url in platform.servers.owner_urls.items():
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(f"COMMENT ON DATABASE {service} IS NULL")
        finally:
            await connection.close()
