"""Indexes on a filled table: migrations build them while others write, and what was broken off is built again."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from alembic import command
from alembic.config import Config
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from luotsi.embedded.servers import Servers
from shared.database.migrations import Step

ROWS = 200_000

ENVIRONMENT = "from shared.database.migrations import run_environment\n\nrun_environment()\n"
FIRST = f"""
from alembic import op

revision, down_revision, branch_labels, depends_on = "0001", None, None, None

def upgrade():
    op.execute("CREATE TABLE letters (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, desk int NOT NULL, at int)")
    op.execute("INSERT INTO letters (desk, at) SELECT n % 500, n FROM generate_series(1, {ROWS}) AS n")
"""
SECOND = """
import sqlalchemy as sa
from shared.database.indexes import build_index

revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None

def upgrade():
    build_index("ix_letters_desk", "letters", ["desk", "id"], postgresql_where=sa.text("at IS NOT NULL"))
    build_index("ix_letters_at", "letters", ["at"])
"""
BUILDING = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'CREATE INDEX%' "
WAITS_FOR_OTHERS = BUILDING + "AND wait_event_type = 'Lock'"
LOOKS_FOR_THE_LOCK = """SELECT pid FROM pg_stat_activity
    WHERE datname = current_database() AND query LIKE '%pg\\_try\\_advisory\\_lock%' AND pid <> pg_backend_pid()"""


def run_migrations(url: str, scripts: str, to: str = "head") -> list[str]:
    """Bring the database to a revision by the scripts of a folder; returns those that were run."""
    config = Config()
    config.set_main_option("script_location", scripts)
    steps: list[Step] = []
    config.attributes.update(database_url=url, role="referral", steps=steps)
    command.upgrade(config, to)
    return [step.revision for step in steps]


class Letters:
    """A database of its own with one table of many rows, and a migration of it that is still to come."""

    def __init__(self, url: str, scripts: Path) -> None:
        self.url, self.scripts = url, scripts

    async def migrate(self, to: str = "head") -> list[str]:
        """Run migrations, as `luotsi migrate` does; returns those that were run."""
        return await asyncio.to_thread(run_migrations, self.url, str(self.scripts), to)

    async def migrate_elsewhere(self) -> list[str]:
        """The same in a process of its own, since Alembic runs one at a time in each."""
        program = f"from {__name__} import run_migrations; import sys; print(*run_migrations(*sys.argv[1:]))"
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-c", program, self.url, str(self.scripts), stdout=PIPE
        )
        said, _ = await started.communicate()
        assert started.returncode == 0
        return said.decode().split()

    async def ask(self, statement: str) -> Any:
        connection = await asyncpg.connect(self.url)
        try:
            return await connection.fetchval(statement)
        finally:
            await connection.close()

    async def until(self, statement: str, build: asyncio.Task[list[str]]) -> Any:
        """What `statement` answers as soon as it answers anything, which it does before `build` is done."""
        while not build.done():
            if found := await self.ask(statement):
                return found
            await asyncio.sleep(0.02)
        raise AssertionError(f"never seen: {statement}; {build.result()}")

    async def are_valid(self) -> dict[str, bool]:
        connection = await asyncpg.connect(self.url)
        rows = await connection.fetch(
            "SELECT relname, indisvalid FROM pg_index JOIN pg_class ON oid = indexrelid WHERE relname LIKE 'ix_l%'"
        )
        await connection.close()
        return {row["relname"]: row["indisvalid"] for row in rows}


@pytest_asyncio.fixture
async def letters(servers: Servers, tmp_path: Path) -> AsyncIterator[Letters]:
    """The table is filled; nobody has built the indexes."""
    versions = tmp_path / "versions"
    versions.mkdir()
    for path, text in (("env.py", ENVIRONMENT), ("versions/0001_a.py", FIRST), ("versions/0002_b.py", SECOND)):
        (tmp_path / path).write_text(text)
    admin = await asyncpg.connect(servers.postgres_admin_url)
    owner = make_url(servers.owner_urls["referral"])
    await admin.execute(f'CREATE DATABASE letters OWNER "{owner.username}"')
    try:
        made = Letters(owner.set(database="letters").render_as_string(hide_password=False), tmp_path)
        await made.migrate("0001")
        yield made
    finally:
        await admin.execute("DROP DATABASE letters WITH (FORCE)")
        await admin.close()


@asynccontextmanager
async def unfinished(letters: Letters) -> AsyncIterator[asyncpg.Connection]:
    """Somebody who has written into the table and not committed: what is built has to wait for it."""
    connection = await asyncpg.connect(letters.url)
    await connection.execute("BEGIN; INSERT INTO letters (desk, at) VALUES (1, 1)")
    try:
        yield connection
    finally:
        await connection.close()


async def test_a_writer_goes_on_while_an_index_is_built(letters: Letters) -> None:
    writer = await asyncpg.connect(letters.url)
    await writer.execute("SET lock_timeout = '10s'")
    async with unfinished(letters) as other:
        build = asyncio.create_task(letters.migrate())
        await letters.until(WAITS_FOR_OTHERS, build)
        for at in range(500):
            await writer.execute("INSERT INTO letters (desk, at) VALUES (7, $1)", at)
            await writer.execute("UPDATE letters SET at = at + 1 WHERE id = $1", at + 1)
        assert await letters.ask(BUILDING), "all the while it was being built"
        await other.execute("COMMIT")
    while not build.done():
        await writer.execute("INSERT INTO letters (desk, at) VALUES (7, -1)")
    assert await build == ["0002"]
    assert await letters.are_valid() == {"ix_letters_desk": True, "ix_letters_at": True}
    counted = "SELECT count(*) FROM letters WHERE at IS NOT NULL AND desk = 7"
    await writer.execute("SET enable_seqscan = off")
    assert "ix_letters_desk" in str(await writer.fetch(f"EXPLAIN {counted}"))
    by_index = await writer.fetchval(counted)
    await writer.execute("SET enable_seqscan = on; SET enable_indexscan = off; SET enable_bitmapscan = off")
    await writer.execute("SET enable_indexonlyscan = off")
    assert by_index == await writer.fetchval(counted) >= ROWS // 500 + 500
    await writer.close()


async def test_what_was_broken_off_is_built_again(letters: Letters) -> None:
    await letters.ask("CREATE INDEX ix_letters_desk ON letters (desk, id) WHERE at IS NOT NULL")  # got this far before
    done = await letters.ask("SELECT 'ix_letters_desk'::regclass::oid")
    async with unfinished(letters):
        build = asyncio.create_task(letters.migrate())
        builder = await letters.until(WAITS_FOR_OTHERS, build)
        await letters.ask(f"SELECT pg_terminate_backend({builder})")
        with pytest.raises(SQLAlchemyError):
            await build
        assert await letters.are_valid() == {"ix_letters_desk": True, "ix_letters_at": False}
        assert await letters.ask("SELECT version_num FROM alembic_version") == "0001"
    assert await letters.migrate() == ["0002"]
    assert await letters.are_valid() == {"ix_letters_desk": True, "ix_letters_at": True}
    assert await letters.ask("SELECT 'ix_letters_desk'::regclass::oid") == done, "what was whole is left as it is"


async def test_of_two_migrators_the_second_finds_nothing_to_do(letters: Letters) -> None:
    async with unfinished(letters):
        first = asyncio.create_task(letters.migrate())
        await letters.until(WAITS_FOR_OTHERS, first)
        second = asyncio.create_task(letters.migrate_elsewhere())
        await letters.until(LOOKS_FOR_THE_LOCK, second)
    assert (await first, await second) == (["0002"], [])
    assert await letters.are_valid() == {"ix_letters_desk": True, "ix_letters_at": True}


async def test_what_can_not_be_done_leaves_the_steps_before_it(letters: Letters) -> None:
    broken = (letters.scripts / "versions" / "0003_c.py").write_text
    heading = (
        'from alembic import op\nrevision, down_revision, branch_labels, depends_on = "0003", "0002", None, None\n'
    )
    broken(
        heading + 'def upgrade():\n    op.execute("ALTER TABLE letters ADD n int")\n    op.execute("SELECT 1 / 0")\n'
    )
    with pytest.raises(Exception, match="division by zero"):
        await letters.migrate()
    assert await letters.ask("SELECT version_num FROM alembic_version") == "0002"
    assert (
        await letters.ask("SELECT count(*) FROM pg_attribute WHERE attrelid = 'letters'::regclass AND attname = 'n'")
        == 0
    )
