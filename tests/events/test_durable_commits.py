"""What was acknowledged is on disk: no commit of a change is asked not to wait for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from luotsi.doctor.databases import look_into
from luotsi.doctor.finding import Finding
from luotsi.embedded.servers import Servers, start_servers
from luotsi.platform.target import Target
from shared.database.connections import Database
from shared.database.server_settings import keep_settings
from shared.services import get_service
from tests.events.backbone import Backbone

# Fires as the transaction commits, so that whatever was set until then counts.
_WITNESS = """
CREATE SCHEMA witness;
GRANT USAGE ON SCHEMA witness TO catalog;
CREATE TABLE witness.commits (waits text);
GRANT ALL ON witness.commits TO catalog;
CREATE FUNCTION witness.note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO witness.commits VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER witness AFTER INSERT ON outbox DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION witness.note();
"""
_UNDO = "DROP TRIGGER witness ON outbox; DROP SCHEMA witness CASCADE; ALTER ROLE catalog IN DATABASE catalog RESET ALL"


@asynccontextmanager
async def superuser(servers: Servers, database: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(servers.postgres_admin_url.rpartition("/")[0] + f"/{database}")
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("pooled", [False, True], ids=["by a connection's own settings", "by those of the role"])
async def test_a_change_waits_for_the_disk(backbone: Backbone, servers: Servers, pooled: bool) -> None:
    """The tests' server waits for nothing, so the role is told to; services must not ask for less."""
    async with superuser(servers, "catalog") as admin:
        await admin.execute("ALTER ROLE catalog IN DATABASE catalog SET synchronous_commit = on")
        await admin.execute(_WITNESS)
        try:
            url = servers.database_urls["catalog"]
            if pooled:
                await keep_settings(url)
            database = Database(url, pooler_url=url if pooled else "")
            async with database.transaction() as tx:
                backbone.record(tx)
            await database.close()
            assert [row["waits"] for row in await admin.fetch("SELECT waits FROM witness.commits")] == ["on"]
        finally:
            await admin.execute(_UNDO)


async def look(servers: Servers) -> Finding:
    target = Target(Path(), {"CATALOG_DATABASE_URL": servers.database_urls["catalog"]}, {})
    found = {finding.piece: finding for finding in await look_into(target, get_service("catalog"))}
    return found["durability catalog"]


async def test_a_platform_of_ones_own_keeps_what_it_acknowledged_and_doctor_says_so(tmp_path: Path) -> None:
    with start_servers(tmp_path, durable=True, keep=False) as servers:
        found = await look(servers)
        assert (found.well, found.note) == (True, "what is committed is on disk")
        async with superuser(servers, "catalog") as admin:
            await admin.execute("ALTER DATABASE catalog SET synchronous_commit = off")
        found = await look(servers)
        assert (found.well, found.note) == (False, "NOT durable: synchronous_commit is off")


async def test_doctor_names_what_a_server_does_without(servers: Servers) -> None:
    found = await look(servers)
    assert not found.well, "the tests' server never waits for the disk"
    assert found.note == "NOT durable: fsync, full_page_writes and synchronous_commit are off"
