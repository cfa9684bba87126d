"""How many statements creating a referral takes; rows that are only added are kept as the session would keep them."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event

from services.referral.tables import Client, ClientKey
from shared.database.connections import Session
from shared.database.deferred_inserts import add, add_object, add_statement
from shared.database.outages import is_outage
from shared.database.tables import OutboxRow
from shared.ids import new_id
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import at_work, new_referral

TABLES = ("clients", "client_keys", "client_lookups", "referrals", "timers", "timeline", "outbox", "disclosures")


async def test_creating_and_sending_takes_few_statements(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    town = await small_town(platform)
    given: list[str] = []

    def counted(name: str) -> Any:
        run = getattr(asyncpg.Connection, name)

        async def counting(connection: Any, sql: str, *values: Any, **options: Any) -> Any:
            given.append(sql.strip())
            return await run(connection, sql, *values, **options)

        return counting

    def compiled(*about: Any) -> None:
        raise AssertionError(f"not by the session: {about[2]}")

    for name in ("fetch", "execute", "executemany"):
        monkeypatch.setattr(asyncpg.Connection, name, counted(name))
    engine = platform.apps["referral"].state.luotsi.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", compiled)
    answer = await at_work(platform, town.adviser).refer(new_referral(town))
    event.remove(engine, "before_cursor_execute", compiled)
    assert answer.status_code == 201, answer.text
    assert len(given) <= 7, "\n".join(given)
    written = next(sql for sql in given if sql.startswith("WITH"))
    assert all(f'INSERT INTO "{table}"' in written for table in TABLES), "all that is added goes in by one statement"


def a_client() -> Client:
    """A client of no organisation that is known."""
    return Client(
        id=new_id(),
        organization_id=new_id(),
        kind="person",
        language="fi",
        interpreter=False,
        contact_via="client",
        details=b"\x00sealed \\ \xff",
        created_at=datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC),
    )


def record(session: Any) -> Any:
    """Add an event; returns its id."""
    event_id = new_id()
    add(session, OutboxRow, event_id=event_id, type="t", subject="s", payload='{"a": "\\u00e4\\n"}')
    return event_id


async def recorded(platform: Platform) -> Any:
    """The ids of the events in the outbox, in their order there."""
    return await platform.scalar("referral", "SELECT array_agg(event_id ORDER BY id) FROM outbox")


async def test_what_is_added_is_kept_as_it_was(platform: Platform) -> None:
    client = a_client()
    async with platform.databases["referral"].transaction() as session:
        add(session, ClientKey, client_id=client.id, wrapped=b"\xff")  # before the client that it refers to
        add_object(session, client)
        client.language = "so"
        event_ids = [record(session), record(session)]
    async with platform.databases["referral"].transaction() as session:
        kept = await session.get_one(Client, client.id)
        assert kept.model_dump() == client.model_dump(), "as it was at the end"
        assert (await session.get_one(ClientKey, client.id)).wrapped == b"\xff"
    assert await recorded(platform) == event_ids, "in the order in which they were added"
    assert await platform.scalar("referral", "SELECT min(payload) FROM outbox") == '{"a": "\\u00e4\\n"}'
    assert await platform.scalar("referral", "SELECT count(*) FROM outbox WHERE recorded_at IS NOT NULL") == 2


async def test_a_statement_that_nobody_waits_for_goes_along(platform: Platform) -> None:
    async with platform.databases["referral"].transaction() as session:
        old, other = record(session), record(session)
    async with platform.databases["referral"].transaction() as session:
        add_statement(session, "UPDATE outbox SET type = $2 WHERE event_id = $1", old, "changed")
        new = record(session)
        add_statement(session, "UPDATE outbox SET subject = $1 WHERE event_id = $2", "moved", other)
        add_statement(session, "UPDATE outbox SET type = $2 WHERE event_id = $1", new, "not seen")
    assert await recorded(platform) == [old, other, new]
    kept = "SELECT string_agg(type || ' ' || subject, ', ' ORDER BY id) FROM outbox"
    assert await platform.scalar("referral", kept) == "changed s, t moved, t s"


async def test_nothing_of_it_stays_when_the_transaction_fails(platform: Platform) -> None:
    async def fail(*, flush: bool) -> None:
        async with platform.databases["referral"].transaction() as session:
            record(session)
            if flush:
                await session.flush()
            raise LookupError

    for flush in (False, True):
        with pytest.raises(LookupError):
            await fail(flush=flush)
    assert await recorded(platform) is None


async def test_a_savepoint_takes_back_what_was_added_since_and_nothing_else(platform: Platform) -> None:
    async def fail(session: Any) -> None:
        async with session.begin_nested():
            record(session)
            raise LookupError

    async with platform.databases["referral"].transaction() as session:
        before = record(session)
        with pytest.raises(LookupError):
            await fail(session)
        async with session.begin_nested():
            inside = record(session)
        after = record(session)
    assert await recorded(platform) == [before, inside, after]


async def test_what_can_not_be_inserted_is_a_fault_and_a_lost_connection_an_outage(platform: Platform) -> None:
    async def write(*, cut: bool) -> None:
        async with platform.databases["referral"].transaction() as session:
            add(session, ClientKey, client_id=new_id(), wrapped=b"")
            if cut:
                assert isinstance(session, Session)
                session.driver.terminate()

    with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
        await write(cut=False)
    assert not is_outage(refused.value)
    with pytest.raises(Exception) as lost:  # noqa: PT011 - whatever it is, it has to be an outage
        await write(cut=True)
    assert is_outage(lost.value)
    async with platform.databases["referral"].transaction() as session:
        event_id = record(session)
    assert await recorded(platform) == [event_id], "the pool has replaced the connection"
