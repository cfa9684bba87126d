"""`pytest --keep`: what the last run left is there again, unless that run was broken off or made by other code."""

from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from luotsi.embedded.servers import Servers
from tests import kept_servers
from tests.kept_servers import kept_servers as keep


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Where the servers are kept; nothing of them is left at the end."""
    yield tmp_path
    kept_servers.remove(tmp_path / "data")


async def has_table(servers: Servers) -> bool:
    """Whether an earlier run left its mark; leaves one."""
    connection = await asyncpg.connect(servers.postgres_admin_url)
    try:
        found: bool = await connection.fetchval("SELECT to_regclass('left_behind') IS NOT NULL")
        await connection.execute("CREATE TABLE IF NOT EXISTS left_behind ()")
    finally:
        await connection.close()
    return found


async def test_data_stays_from_run_to_run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with keep(folder) as servers:
        assert not await has_table(servers)
        with pytest.raises(RuntimeError, match="another run uses"), keep(folder):
            pass
    with keep(folder) as servers:
        assert await has_table(servers)
    monkeypatch.setattr(kept_servers, "_fingerprint", lambda: "other migrations")
    with keep(folder) as servers:
        assert not await has_table(servers)


async def test_a_run_that_was_broken_off_leaves_nothing(folder: Path) -> None:
    async def broken_off() -> None:
        with keep(folder) as servers:
            assert not await has_table(servers)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await broken_off()
    with keep(folder) as servers:
        assert not await has_table(servers)
