"""Counting statements in tests: whatever reaches PostgreSQL through asyncpg, by SQLAlchemy or on a raw connection."""

from typing import Any

import asyncpg
import pytest
from asyncpg.prepared_stmt import PreparedStatement

_OF_CONNECTION = ("execute", "executemany", "fetch", "fetchrow", "fetchval")
_OF_PREPARED = ("executemany", "fetch", "fetchrow", "fetchval")


def count_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Every statement that reaches the server from now on, as it is given to the driver."""
    given: list[str] = []

    def counted(owner: Any, name: str) -> Any:
        run = getattr(owner, name)

        async def counting(on: Any, *values: Any, **options: Any) -> Any:
            given.append((on.get_query() if owner is PreparedStatement else values[0]).strip())
            return await run(on, *values, **options)

        return counting

    for owner, names in ((asyncpg.Connection, _OF_CONNECTION), (PreparedStatement, _OF_PREPARED)):
        for name in names:
            monkeypatch.setattr(owner, name, counted(owner, name))
    return given
