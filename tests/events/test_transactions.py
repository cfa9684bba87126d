"""One transaction for what the session does and for what goes past it: all of it or nothing, whoever wrote it."""

from typing import Any

import asyncpg
import pytest
from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.database.connections import run_plainly
from shared.database.outages import is_outage
from shared.database.tables import InboxRow
from shared.ids import new_id
from tests.events.backbone import Backbone, Trouble

_INSERT = "INSERT INTO inbox (event_id, consumer) VALUES ($1, $2)"
_COUNT = "SELECT count(*) FROM inbox"


async def test_what_the_session_and_the_driver_write_is_committed_together(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as session:
        await run_plainly(session, _INSERT, new_id(), "plainly")
        session.add(InboxRow(event_id=new_id(), consumer="by session"))
        assert await backbone.scalar(_COUNT) == 0, "nobody else sees anything of it yet"
    assert await backbone.scalar(_COUNT) == 2


async def test_neither_is_there_when_the_block_fails(backbone: Backbone) -> None:
    async def fail() -> None:
        async with backbone.consuming.transaction() as session:
            await run_plainly(session, _INSERT, new_id(), "plainly")
            session.add(InboxRow(event_id=new_id(), consumer="by session"))
            await session.flush()
            raise Trouble

    with pytest.raises(Trouble):
        await fail()
    assert await backbone.scalar(_COUNT) == 0


async def test_a_savepoint_takes_back_what_went_past_the_session_too(backbone: Backbone) -> None:
    async def fail(session: AsyncSession) -> None:
        async with session.begin_nested():
            await run_plainly(session, _INSERT, new_id(), "inside")
            raise Trouble

    async with backbone.consuming.transaction() as session:
        await run_plainly(session, _INSERT, new_id(), "before")
        with pytest.raises(Trouble):
            await fail(session)
        await run_plainly(session, _INSERT, new_id(), "after")
    assert await backbone.scalar("SELECT array_agg(consumer ORDER BY consumer) FROM inbox") == ["after", "before"]


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_a_transaction_ends_with_its_block_and_not_before(backbone: Backbone, end: str) -> None:
    async with backbone.consuming.transaction() as session:
        await session.execute(text("SELECT 1"))
        with pytest.raises(RuntimeError):
            await getattr(session, end)()


async def test_the_pool_gets_no_connection_back_that_is_still_in_a_transaction(backbone: Backbone) -> None:
    seen: list[Any] = []

    async def end_it() -> None:
        async with backbone.consuming.transaction() as session:
            seen.append(await run_plainly(session, "SELECT pg_backend_pid()"))
            await run_plainly(session, "SELECT pg_terminate_backend(pg_backend_pid())")

    with pytest.raises(Exception) as ended:  # noqa: PT011 - whatever it is, it has to be an outage
        await end_it()
    assert is_outage(ended.value)
    async with backbone.consuming.transaction() as session:
        assert await run_plainly(session, "SELECT pg_backend_pid()") != seen[0]


async def test_a_value_that_does_not_fit_is_the_callers_fault_and_no_outage(backbone: Backbone) -> None:
    async def ask() -> None:
        async with backbone.consuming.transaction() as session:
            await run_plainly(session, _INSERT, "no id at all", "plainly")

    with pytest.raises(asyncpg.DataError) as refused:
        await ask()
    assert not is_outage(refused.value)
