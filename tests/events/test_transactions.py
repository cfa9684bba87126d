"""What a transaction promises: all or nothing, no change lost in silence, no row written twice."""

import asyncio
from contextlib import nullcontext, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import event, exists, text, update
from sqlalchemy.exc import DBAPIError, NoResultFound
from sqlalchemy.orm import aliased
from sqlmodel import col, select

from shared.database.outages import is_outage
from shared.database.tables import FailureRow, InboxRow, LeaseRow, OutboxRow
from shared.database.transaction import FailedTransaction, RowIsGone, Transaction, UnsavedChanges
from shared.ids import new_id
from tests.events.backbone import Backbone, Trouble
from tests.statements import count_statements

_INSERT = text("INSERT INTO inbox (event_id, consumer) VALUES (:id, :consumer)")
_COUNT = "SELECT count(*) FROM inbox"


def inbox_row(consumer: str = "somebody") -> InboxRow:
    """A row that says nothing about any event that there is."""
    return InboxRow(event_id=new_id(), consumer=consumer)


def failure(failures: int = 1) -> FailureRow:
    """A row with a number in it that can be changed."""
    return FailureRow(stream="s", entry_id="1-0", failures=failures, last_error="Trouble")


async def test_what_statements_and_rows_write_is_committed_together(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        await tx.execute(_INSERT, {"id": new_id(), "consumer": "by statement"})
        tx.insert(inbox_row())
        await tx.flush()
        assert await backbone.scalar(_COUNT) == 0, "nobody else sees anything of it yet"
    assert await backbone.scalar(_COUNT) == 2


async def test_neither_is_there_when_the_block_fails(backbone: Backbone) -> None:
    async def fail() -> None:
        async with backbone.consuming.transaction() as tx:
            await tx.execute(_INSERT, {"id": new_id(), "consumer": "by statement"})
            tx.insert(inbox_row())
            await tx.flush()
            raise Trouble

    with pytest.raises(Trouble):
        await fail()
    assert await backbone.scalar(_COUNT) == 0


async def test_a_savepoint_takes_back_all_that_was_written_since_and_nothing_else(backbone: Backbone) -> None:
    async def fail(tx: Transaction) -> None:
        async with tx.savepoint():
            tx.insert(inbox_row("row inside"))
            await tx.execute(_INSERT, {"id": new_id(), "consumer": "inside"})
            tx.insert(inbox_row("not even sent"))
            raise Trouble

    async with backbone.consuming.transaction() as tx:
        await tx.execute(_INSERT, {"id": new_id(), "consumer": "before"})
        tx.insert(inbox_row("row before"))
        with pytest.raises(Trouble):
            await fail(tx)
        async with tx.savepoint():
            tx.insert(inbox_row("kept"))
        await tx.execute(_INSERT, {"id": new_id(), "consumer": "after"})
    kept = ["after", "before", "kept", "row before"]
    assert await backbone.scalar("SELECT array_agg(consumer ORDER BY consumer) FROM inbox") == kept


async def test_a_savepoint_takes_back_what_was_changed_in_rows(backbone: Backbone) -> None:
    async def fail(tx: Transaction, row: FailureRow) -> None:
        async with tx.savepoint():
            row.failures = 2
            tx.update(row)
            await tx.flush()
            row.failures = 3
            raise Trouble

    async with backbone.consuming.transaction() as tx:
        tx.insert(row := failure())
        with pytest.raises(Trouble):
            await fail(tx, row)
        assert row.failures == 1
        row.last_error = "another"
        tx.update(row)
    async with backbone.consuming.transaction() as tx:
        kept = await tx.get_one(FailureRow, "s", "1-0")
    assert (kept.failures, kept.last_error) == (1, "another")


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_a_transaction_ends_with_its_block_and_not_before(backbone: Backbone, end: str) -> None:
    async with backbone.consuming.transaction() as tx:
        await tx.execute(text("SELECT 1"))
        assert not hasattr(tx, end)


async def test_a_change_after_an_insertion_was_sent_is_kept_or_told(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(row := failure())
        row.failures = 2  # not sent yet: it goes in as it is when it is sent
        await tx.flush()
        row.failures = 3
        tx.update(row)
    assert await backbone.scalar("SELECT failures FROM failures") == 3

    async def forget() -> None:
        async with backbone.consuming.transaction() as tx:
            row = await tx.get_one(FailureRow, "s", "1-0")
            row.failures = 4

    with pytest.raises(UnsavedChanges, match="FailureRow: failures"):
        await forget()
    assert await backbone.scalar("SELECT failures FROM failures") == 3


async def test_a_change_of_a_row_that_was_sent_is_not_forgotten_in_silence_either(backbone: Backbone) -> None:
    async def forget() -> None:
        async with backbone.consuming.transaction() as tx:
            tx.insert(row := failure())
            await tx.flush()
            row.failures = 2

    with pytest.raises(UnsavedChanges):
        await forget()
    assert await backbone.scalar("SELECT count(*) FROM failures") == 0


def test_a_row_has_a_value_for_each_of_its_fields_and_for_nothing_else() -> None:
    values: dict[str, Any] = {"stream": "s", "entry_id": "1-0", "failures": 1, "last_error": "Trouble"}
    with pytest.raises(TypeError, match="FailureRow: unknown or missing last_eror"):
        FailureRow(**values, last_eror="")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="FailureRow: unknown or missing stream"):
        FailureRow(entry_id="1-0", failures=1, last_error="Trouble")  # type: ignore[call-arg]
    with pytest.raises(AttributeError, match="FailureRow has no field faults"):
        FailureRow(**values).faults = 2


async def test_what_is_to_be_inserted_is_found_by_every_way_of_reading(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(row := inbox_row())
        assert await tx.get(InboxRow, row.event_id, row.consumer) is not None
        tx.insert(other := inbox_row())
        assert (await tx.execute(text(_COUNT))).scalar_one() == 2
        tx.insert(third := inbox_row())
        found = await tx.all(select(InboxRow.event_id).order_by(col(InboxRow.event_id)))
    assert found == sorted([row.event_id, other.event_id, third.event_id])


async def test_what_is_to_be_changed_is_found_changed(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(failure())
        row = await tx.get_one(FailureRow, "s", "1-0")
        row.failures = 7
        tx.update(row)
        assert (await tx.execute(text("SELECT failures FROM failures"))).scalar_one() == 7
        assert (await tx.get_one(FailureRow, "s", "1-0")).failures == 7


async def test_a_new_row_has_the_defaults_of_its_model_and_of_the_server(backbone: Backbone) -> None:
    async with backbone.publisher.transaction() as tx:
        tx.insert(OutboxRow(event_id=new_id(), type="t", subject="s", payload='{"a": "\\u00e4\\n"}'))
        [row] = await tx.all(select(OutboxRow))
    assert row.id == 1
    assert row.recorded_at is not None
    assert row.published_at is None
    assert row.payload == '{"a": "\\u00e4\\n"}'


async def test_a_row_is_inserted_once(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(row := inbox_row())
        with pytest.raises(ValueError, match="already"):
            tx.insert(row)
        await tx.flush()
        with pytest.raises(ValueError, match="already"):
            tx.insert(row)
    assert await backbone.scalar(_COUNT) == 1


async def test_only_a_row_of_this_transaction_can_be_updated(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(row := failure())
    async with backbone.consuming.transaction() as tx:
        row.failures = 2
        with pytest.raises(ValueError, match="not read"):
            tx.update(row)


async def test_an_update_writes_what_has_changed_and_leaves_the_rest_to_others(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(failure())
    async with backbone.consuming.transaction() as tx:
        row = await tx.get_one(FailureRow, "s", "1-0")
        await tx.execute(update(FailureRow).values(last_error="by another hand"))
        row.failures = 2
        tx.update(row)
    async with backbone.consuming.transaction() as tx:
        kept = await tx.get_one(FailureRow, "s", "1-0")
    assert (kept.failures, kept.last_error) == (2, "by another hand")


async def test_changes_of_many_rows_go_in_by_one_statement_and_each_row_gets_its_own(backbone: Backbone) -> None:
    until = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)
    async with backbone.consuming.transaction() as tx:
        tx.insert(*(LeaseRow(name=f"l{number}", holder="nobody", expires_at=until) for number in range(5)))
    given: list[str] = []

    def keep(*about: Any) -> None:
        given.append(about[2])

    event.listen(backbone.consuming.engine.sync_engine, "before_cursor_execute", keep)
    async with backbone.consuming.transaction() as tx:
        rows = await tx.all(select(LeaseRow).order_by(col(LeaseRow.name)))
        for number, row in enumerate(rows):
            row.holder = f"h{number}"
            if number == 0:
                row.expires_at = until + timedelta(days=1)
            tx.update(row)
    event.remove(backbone.consuming.engine.sync_engine, "before_cursor_execute", keep)
    assert len(given) == 2, given
    assert given[1].count("UPDATE leases") == 2, "one part for each set of columns that changed"
    async with backbone.consuming.transaction() as tx:
        kept = await tx.all(select(LeaseRow).order_by(col(LeaseRow.name)))
    assert [row.holder for row in kept] == ["h0", "h1", "h2", "h3", "h4"]
    assert [row.expires_at - until for row in kept] == [timedelta(days=1), *[timedelta()] * 4]


async def test_rows_of_one_table_are_inserted_changed_and_deleted_by_one_statement(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    until = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)
    async with backbone.consuming.transaction() as tx:
        tx.insert(*(LeaseRow(name=name, holder="s", expires_at=until) for name in "abc"))
    async with backbone.consuming.transaction() as tx:
        kept, changed, gone = await tx.all(select(LeaseRow).order_by(col(LeaseRow.name)))
        given = count_statements(monkeypatch)
        changed.holder, gone.holder = "t", "u"
        tx.update(changed, gone)
        tx.delete(gone)
        never = LeaseRow(name="e", holder="s", expires_at=until)
        tx.insert(LeaseRow(name="d", holder="s", expires_at=until), never)
        tx.delete(never)
    monkeypatch.undo()
    assert kept.holder == "s"
    assert len([sql for sql in given if "leases" in sql]) == 1, given
    names = "SELECT string_agg(name || holder, ' ' ORDER BY name) FROM leases"
    assert await backbone.scalar(names) == "as bt ds"


@pytest.mark.parametrize("write", [Transaction.update, Transaction.delete])
async def test_a_row_that_another_one_has_deleted_is_not_written_in_silence(backbone: Backbone, write: Any) -> None:
    async def too_late() -> None:
        async with backbone.consuming.transaction() as tx:
            row = await tx.get_one(FailureRow, "s", "1-0")
            async with backbone.consuming.transaction() as other:
                other.delete(await other.get_one(FailureRow, "s", "1-0"))
            tx.insert(inbox_row())
            row.failures = 9
            write(tx, row)

    async with backbone.consuming.transaction() as tx:
        tx.insert(failure())
    with pytest.raises(RowIsGone):
        await too_late()
    assert await backbone.scalar(_COUNT) == 0, "and nothing else is written either"


async def test_a_row_keeps_its_primary_key(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(row := failure())
        await tx.flush()
        row.entry_id = "2-0"
        for write in (tx.update, tx.delete):
            with pytest.raises(ValueError, match="keeps its primary key"):
                write(row)
        row.entry_id = "1-0"


async def test_a_row_is_inserted_once_whoever_comes_first(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        row = failure()
        assert await tx.insert_if_new(row)
        row.failures = 2
        tx.update(row)
    async with backbone.consuming.transaction() as tx:
        other = failure(7)
        assert not await tx.insert_if_new(other)
        with pytest.raises(ValueError, match="not read"):
            tx.update(other)
    assert await backbone.scalar("SELECT failures FROM failures") == 2


async def test_a_row_stays_out_where_what_speaks_against_it_holds(backbone: Backbone) -> None:
    counted = col(FailureRow.failures)
    async with backbone.consuming.transaction() as tx:
        first, second = failure(), failure()
        second.entry_id = "2-0"
        assert await tx.insert_if_new(first, unless=exists().where(counted > 7))
        first.failures = 9
        tx.update(first)
        assert not await tx.insert_if_new(second, unless=exists().where(counted > 7))
        assert not await tx.insert_if_new(failure(), unless=exists().where(counted > 70))
    assert await backbone.scalar("SELECT failures FROM failures") == 9


async def test_an_error_that_is_caught_outside_of_a_savepoint_commits_nothing_and_says_so(backbone: Backbone) -> None:
    async def catch_it() -> None:
        async with backbone.consuming.transaction() as tx:
            tx.insert(row := inbox_row())
            await tx.flush()
            tx.insert(InboxRow(event_id=row.event_id, consumer=row.consumer))
            with pytest.raises(DBAPIError):
                await tx.flush()

    with pytest.raises(FailedTransaction):
        await catch_it()
    assert await backbone.scalar(_COUNT) == 0


async def test_a_row_that_is_to_be_deleted_is_not_changed_by_another_object_of_it(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(failure())
        row, same = [await tx.get_one(FailureRow, "s", "1-0") for _ in range(2)]
        tx.delete(row)
        same.failures = 2
        with pytest.raises(ValueError, match="to be deleted"):
            tx.update(same)
        same.failures = 1
    assert await backbone.scalar("SELECT count(*) FROM failures") == 0


async def test_another_name_of_a_model_is_refused_as_a_query(backbone: Backbone) -> None:
    async with backbone.consuming.transaction() as tx:
        tx.insert(failure())
        with pytest.raises(TypeError, match="another name"):
            await tx.all(select(aliased(FailureRow)))


@pytest.mark.parametrize("within", ["the transaction", "a savepoint"])
async def test_an_error_is_not_hidden_by_the_loss_of_its_connection(backbone: Backbone, within: str) -> None:
    async def lose_it(error: BaseException) -> None:
        async with backbone.consuming.transaction() as tx, tx.savepoint() if within == "a savepoint" else nullcontext():
            pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            async with backbone.consuming.transaction() as other:
                await other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
            await asyncio.sleep(0.1)  # the driver reads that the server has closed the connection
            raise error

    for error in (Trouble(), asyncio.CancelledError()):
        with pytest.raises(type(error)):
            await lose_it(error)
    async with backbone.consuming.transaction() as tx:
        assert (await tx.execute(text("SELECT 1"))).scalar_one() == 1


@pytest.mark.parametrize("then", ["another statement", "the end"])
async def test_a_connection_lost_in_a_savepoint_is_told_to_whoever_goes_on(backbone: Backbone, then: str) -> None:
    """As where one of many referrals is refused while the server goes away: what comes after has not been done."""

    async def go_on() -> None:
        async with backbone.consuming.transaction() as tx:
            pid = (await tx.execute(text("SELECT pg_backend_pid()"))).scalar_one()
            with suppress(Trouble):
                async with tx.savepoint():
                    async with backbone.consuming.transaction() as other:
                        await other.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": pid})
                    await asyncio.sleep(0.1)  # the driver reads that the server has closed the connection
                    raise Trouble
            if then == "another statement":
                await tx.execute(text("SELECT 1"))

    with pytest.raises(Exception) as ended:  # noqa: PT011 - whatever it is, it has to be an outage
        await go_on()
    assert is_outage(ended.value)


async def test_rows_of_several_entities_and_of_columns_come_as_they_were_asked_for(backbone: Backbone) -> None:
    until = datetime(2026, 11, 2, 9, 30, 0, 123456, tzinfo=UTC)
    async with backbone.consuming.transaction() as tx:
        tx.insert(failure(), LeaseRow(name="l", holder="s", expires_at=until))
    same = LeaseRow.holder == FailureRow.stream
    async with backbone.consuming.transaction() as tx:
        [(lease, row)] = await tx.tuples(select(LeaseRow, FailureRow).where(same))
        assert (lease.expires_at, row.failures) == (until, 1)
        [(name, failures)] = await tx.tuples(select(LeaseRow.name, FailureRow.failures).where(same))
        assert (name, failures) == ("l", 1)
        assert await tx.first(select(LeaseRow).where(LeaseRow.name == "another")) is None
        with pytest.raises(NoResultFound):
            await tx.get_one(LeaseRow, "another")


async def test_an_advisory_lock_is_asked_for_once_and_held_to_the_end(backbone: Backbone) -> None:
    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    async with backbone.consuming.transaction() as tx:
        await tx.advisory_lock("a")
        await tx.advisory_lock("a")
        await tx.advisory_lock("b")
        assert await backbone.scalar(held) == 2
    assert await backbone.scalar(held) == 0


async def test_an_advisory_lock_of_a_savepoint_that_is_undone_is_asked_for_again(backbone: Backbone) -> None:
    async def fail(tx: Transaction) -> None:
        async with tx.savepoint():
            await tx.advisory_lock("a")
            raise Trouble

    held = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"
    async with backbone.consuming.transaction() as tx:
        with pytest.raises(Trouble):
            await fail(tx)
        assert await backbone.scalar(held) == 0, "the server has let go of it"
        await tx.advisory_lock("a")
        assert await backbone.scalar(held) == 1


async def test_reading_sees_each_statement_as_of_its_own_moment(backbone: Backbone) -> None:
    async with backbone.consuming.reading() as reader:
        assert await reader.all(select(InboxRow)) == []
        async with backbone.consuming.transaction() as other:
            other.insert(inbox_row())
        assert len(await reader.all(select(InboxRow))) == 1
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'referral' AND state = 'idle in transaction'"
        assert await backbone.scalar(waiting) == 0, "no transaction stays open between two statements"


async def test_the_pool_gets_no_connection_back_that_is_still_in_a_transaction(backbone: Backbone) -> None:
    pid = text("SELECT pg_backend_pid()")
    seen: list[Any] = []

    async def end_it() -> None:
        async with backbone.consuming.transaction() as tx:
            seen.append((await tx.execute(pid)).scalar_one())
            await tx.execute(text("SELECT pg_terminate_backend(pg_backend_pid())"))

    with pytest.raises(Exception) as ended:  # noqa: PT011 - whatever it is, it has to be an outage
        await end_it()
    assert is_outage(ended.value)
    async with backbone.consuming.transaction() as tx:
        assert (await tx.execute(pid)).scalar_one() != seen[0]


async def test_a_value_that_does_not_fit_is_the_callers_fault_and_no_outage(backbone: Backbone) -> None:
    async def ask() -> None:
        async with backbone.consuming.transaction() as tx:
            await tx.execute(_INSERT, {"id": "no id at all", "consumer": "somebody"})

    with pytest.raises(DBAPIError) as refused:
        await ask()
    assert not is_outage(refused.value)
