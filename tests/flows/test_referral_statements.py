"""How many statements creating a referral takes; rows that are added without a flush are kept as a flush would."""

from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError

from services.referral.tables import Client, ClientKey
from shared.additions import insert_added
from shared.ids import new_id
from shared.outages import is_outage
from shared.tables import OutboxRow
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import at_work, new_referral


async def test_creating_and_sending_takes_few_statements(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    town = await small_town(platform)
    given: list[str] = []
    insert_many = asyncpg.Connection.executemany

    async def counted(connection: Any, sql: str, rows: Any) -> Any:
        given.append(sql)
        return await insert_many(connection, sql, rows)

    def counted_too(*about: Any) -> None:
        given.append(about[2])

    monkeypatch.setattr(asyncpg.Connection, "executemany", counted)
    engine = platform.apps["referral"].state.luotsi.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", counted_too)
    answer = await at_work(platform, town.adviser).refer(new_referral(town))
    event.remove(engine, "before_cursor_execute", counted_too)
    assert answer.status_code == 201, answer.text
    reads = [sql for sql in given if sql.startswith("SELECT")]
    written = [sql.split()[2].strip('"') for sql in given if sql.startswith("INSERT")]
    assert len(reads) <= 7, "\n".join(reads)
    assert len(written) == len(set(written)), f"a table is written to once: {written}"
    assert {"clients", "client_keys", "referrals", "timeline", "outbox", "idempotency_keys"} <= set(written)
    assert len(given) == len(reads) + len(written) + 1, "and the answer is kept with the key"


async def test_rows_added_without_a_flush(platform: Platform) -> None:
    client = Client(
        id=new_id(),
        organization_id=new_id(),
        kind="person",
        language="fi",
        interpreter=False,
        contact_via="client",
        details=b"\x00sealed",
        created_at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC),
    )
    event_ids = [new_id(), new_id()]
    async with platform.databases["referral"].transaction() as session:
        session.add(ClientKey(client_id=client.id, wrapped=b"\xff"))  # before the client that it refers to
        session.add(client)
        for event_id in event_ids:
            session.add(OutboxRow(event_id=event_id, type="t", subject="s", payload="{}"))
        await insert_added(session)
        assert not session.new, "nothing is left for the flush"
    async with platform.databases["referral"].transaction() as session:
        kept = await session.get_one(Client, client.id)
        assert kept.model_dump() == client.model_dump()
    events = await platform.scalar("referral", "SELECT array_agg(event_id ORDER BY id) FROM outbox")
    assert events == event_ids, "in the order in which they were recorded"
    assert await platform.scalar("referral", "SELECT count(*) FROM outbox WHERE recorded_at IS NOT NULL") == 2


async def test_nothing_of_it_stays_when_the_transaction_fails(platform: Platform) -> None:
    with pytest.raises(LookupError):
        await add(platform, recorded(), then=LookupError())
    assert await platform.scalar("referral", "SELECT count(*) FROM outbox") == 0


async def test_errors_are_those_of_a_flush(platform: Platform) -> None:
    with pytest.raises(IntegrityError) as refused:
        await add(platform, ClientKey(client_id=new_id(), wrapped=b""))
    assert not is_outage(refused.value)
    with pytest.raises(DBAPIError) as lost:
        await add(platform, recorded(), cut=True)
    assert is_outage(lost.value)
    await add(platform, recorded())  # the pool has replaced the connection
    assert await platform.scalar("referral", "SELECT count(*) FROM outbox") == 1


def recorded() -> OutboxRow:
    """An event in the outbox."""
    return OutboxRow(event_id=new_id(), type="t", subject="s", payload="{}")


async def add(platform: Platform, row: Any, *, cut: bool = False, then: Exception | None = None) -> None:
    """Add a row in a transaction of its own; its connection may be cut before, and the block may fail after."""
    async with platform.databases["referral"].transaction() as session:
        connection: Any = (await (await session.connection()).get_raw_connection()).driver_connection
        if cut:
            connection.terminate()
        session.add(row)
        await insert_added(session)
        if then:
            raise then
