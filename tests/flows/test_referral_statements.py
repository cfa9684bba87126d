"""What creating a referral costs: how many statements, how many seals; and that what is written is kept as it was."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from services.referral import vault
from services.referral.tables import Client, ClientKey
from shared.database.outages import is_outage
from shared.database.tables import OutboxRow
from shared.database.transaction import Transaction
from shared.ids import new_id
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import at_work, new_referral
from tests.statements import count_statements

TABLES = ("clients", "client_keys", "client_lookups", "referrals", "timers", "timeline", "outbox", "disclosures")


async def test_creating_and_sending_takes_few_statements(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    assert (await adviser.refer(new_referral(town))).status_code == 201  # the connection is open, and all is prepared
    given = count_statements(monkeypatch)
    answer = await adviser.refer(new_referral(town, client={"language": "fi", "name": "Toinen Asiakas"}))
    assert answer.status_code == 201, answer.text
    assert len(given) <= 7, "\n".join(given)
    assert [sql.rstrip(";") for sql in (given[0], given[-1])] == ["BEGIN", "COMMIT"]
    written = next(sql for sql in given if sql.startswith("WITH"))
    assert all(f"INSERT INTO {table} " in written for table in TABLES), "all that is new goes in by one statement"
    assert "UPDATE idempotency_keys" in written, "and the answer is kept by the same"


async def test_creating_seals_each_thing_once_and_opens_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = await small_town(platform)
    sealed: list[str] = []
    opened: list[str] = []
    seal, open_ = vault._seal, vault._open

    def sealing(cipher: Any, plain: bytes, associated_data: str) -> bytes:
        sealed.append(associated_data)
        return seal(cipher, plain, associated_data)

    def opening(cipher: Any, ciphertext: bytes, associated_data: str) -> bytes:
        opened.append(associated_data)
        return open_(cipher, ciphertext, associated_data)

    monkeypatch.setattr(vault, "_seal", sealing)
    monkeypatch.setattr(vault, "_open", opening)
    answer = await at_work(platform, town.adviser).refer(new_referral(town), key="one-key")
    referral = answer.json()
    client_id, member_id = referral["client"]["id"], town.adviser.id
    key = await platform.scalar("referral", "SELECT key FROM idempotency_keys")
    assert sorted(sealed) == sorted(
        [
            f"key:{client_id}",
            f"client:{client_id}:details",
            f"referral:{referral['id']}:texts",
            f"answer:{member_id}:{key}",
        ]
    )
    assert opened == []


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


def record(tx: Transaction) -> Any:
    """Insert an event; returns its id."""
    event_id = new_id()
    tx.insert(OutboxRow(event_id=event_id, type="t", subject="s", payload='{"a": "\\u00e4\\n"}'))
    return event_id


async def recorded(platform: Platform) -> Any:
    """The ids of the events in the outbox, in their order there."""
    return await platform.scalar("referral", "SELECT array_agg(event_id ORDER BY id) FROM outbox")


async def test_what_is_inserted_is_kept_as_it_was(platform: Platform) -> None:
    client = a_client()
    async with platform.databases["referral"].transaction() as tx:
        tx.insert(ClientKey(client_id=client.id, wrapped=b"\xff"))  # before the client that it refers to
        tx.insert(client)
        client.language = "so"
        event_ids = [record(tx), record(tx)]
    async with platform.databases["referral"].transaction() as tx:
        kept = await tx.get_one(Client, client.id)
        assert kept.model_dump() == client.model_dump(), "as it was at the end"
        assert (await tx.get_one(ClientKey, client.id)).wrapped == b"\xff"
    assert await recorded(platform) == event_ids, "in the order in which they were inserted"
    assert await platform.scalar("referral", "SELECT min(payload) FROM outbox") == '{"a": "\\u00e4\\n"}'
    assert await platform.scalar("referral", "SELECT count(*) FROM outbox WHERE recorded_at IS NOT NULL") == 2


async def test_nothing_of_it_stays_when_the_transaction_fails(platform: Platform) -> None:
    async def fail(*, flush: bool) -> None:
        async with platform.databases["referral"].transaction() as tx:
            record(tx)
            if flush:
                await tx.flush()
            raise LookupError

    for flush in (False, True):
        with pytest.raises(LookupError):
            await fail(flush=flush)
    assert await recorded(platform) is None


async def test_a_savepoint_takes_back_what_was_inserted_since_and_nothing_else(platform: Platform) -> None:
    async def fail(tx: Transaction) -> None:
        async with tx.savepoint():
            record(tx)
            raise LookupError

    async with platform.databases["referral"].transaction() as tx:
        before = record(tx)
        with pytest.raises(LookupError):
            await fail(tx)
        async with tx.savepoint():
            inside = record(tx)
        after = record(tx)
    assert await recorded(platform) == [before, inside, after]


async def test_what_can_not_be_inserted_is_a_fault_and_a_lost_connection_an_outage(platform: Platform) -> None:
    async def write(*, cut: bool) -> None:
        async with platform.databases["referral"].transaction() as tx:
            tx.insert(ClientKey(client_id=new_id(), wrapped=b""))
            if cut:
                raw: Any = await tx._connection.get_raw_connection()
                raw.driver_connection.terminate()

    with pytest.raises(IntegrityError) as refused:
        await write(cut=False)
    assert not is_outage(refused.value)
    with pytest.raises(Exception) as lost:  # noqa: PT011 - whatever it is, it has to be an outage
        await write(cut=True)
    assert is_outage(lost.value)
    async with platform.databases["referral"].transaction() as tx:
        event_id = record(tx)
    assert await recorded(platform) == [event_id], "the pool has replaced the connection"


@pytest.mark.parametrize(("path", "role"), [("/referrals", "adviser"), ("/overview/referrals", "coordinator")])
async def test_a_status_asked_for_many_times_makes_no_further_statement(
    platform: Platform, monkeypatch: pytest.MonkeyPatch, path: str, role: str
) -> None:
    town = await small_town(platform)
    client = at_work(platform, getattr(town, role)).client
    given = count_statements(monkeypatch)
    for times in (1, 2, 300):
        assert (await client.get(path, params={"status": ["requested"] * times})).status_code == 200
    each = len(given) // 3
    assert given[:each] == given[each : 2 * each] == given[2 * each :]
