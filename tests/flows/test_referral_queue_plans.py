"""What lists and counts cost: every order and every queue is read out of an index, and no further than needed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql import ClauseElement
from sqlmodel import col

from services.referral.domain.attention import Attention
from services.referral.domain.lifecycle import Side, Status
from services.referral.domain.queues import MOST_COUNTED, QUEUES, queues_of
from services.referral.domain.referral_filter import ReferralFilter
from services.referral.queries import filters
from services.referral.queries.ordering import Position, Sort, page
from services.referral.queries.overview import OverviewFilter, overview_referrals
from services.referral.queries.queues import counting
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.handover import listed_open, still_open
from shared.actors import Actor
from shared.keyset import Keyset
from shared.publishing.outbox import Outbox
from tests.builders import Town, small_town
from tests.flows.queues_filled import NOW
from tests.plans import PLANNED_FOR, from_indexes, nodes_of, rows_read
from tests.platform import Platform
from tests.referring import sent_referral

LIMIT = 51
OTHERS, BUSY = 9_000, 4_000
"""Referrals between many other organisations, and those of one busy organisation on each side."""

# Most have ended and are closed, as where people have worked for years; what waits is a small part of it.
_FILL = """
INSERT INTO referrals (
    id, reference, version, status, urgency, language, client_id, service_id, source_organization_id, source_member_id,
    target_organization_id, assigned_member_id, desk_member_ids, root_id, chain_depth, texts, reason_side,
    business_status, created_at, updated_at, sent_at, respond_by, answer_seen_at, closed_at
)
SELECT
    made.id, CAST(:from AS text) || n, 1, status, 'routine', 'ar', client_id, service_id, CAST(:source AS uuid),
    source_member_id, CAST(:target AS uuid), CASE n % 3 WHEN 0 THEN CAST(:member AS uuid) END, '{}', made.id, 1,
    '\\x00',
    CASE WHEN status = 'cancelled' AND n % 8 = 3 THEN 'source' END,
    CASE WHEN status = 'cancelled' AND n % 8 = 7 THEN 'expired' END,
    at, at, CASE WHEN status <> 'draft' THEN at END, CASE WHEN status <> 'draft' THEN at + interval '2 days' END,
    CASE WHEN ended AND n / 8 % 64 > 0 THEN at END, CASE WHEN ended AND n / 8 % 64 > 2 THEN at END
FROM (
    SELECT n, gen_random_uuid() AS id, CAST(:now AS timestamptz) - n * interval '10 minutes' AS at,
        (ARRAY['completed', 'rejected', 'failed', 'cancelled', 'completed', 'rejected', 'failed', 'cancelled',
               'draft', 'requested', 'accepted', 'in-progress', 'on-hold', 'entered-in-error'])
        [CASE WHEN n % 20 = 0 THEN 9 + n / 20 % 6 ELSE 1 + n % 8 END] AS status
    FROM generate_series(1, :count) AS n
) AS made
CROSS JOIN LATERAL (SELECT status IN ('completed', 'rejected', 'failed', 'cancelled') AS ended) AS whether
CROSS JOIN (SELECT client_id, service_id, source_member_id FROM referrals LIMIT 1) AS one
"""
_MESSAGES = """
INSERT INTO messages (id, referral_id, side, member_id, to_organization_id, text, created_at, read_at)
SELECT gen_random_uuid(), id, side, source_member_id,
    CASE side WHEN 'source' THEN target_organization_id ELSE source_organization_id END, '\\x00', updated_at,
    CASE WHEN right(reference, 2) NOT IN ('00', '07', '13') THEN updated_at END
FROM referrals CROSS JOIN (VALUES ('source'), ('target')) AS sides (side) WHERE sent_at IS NOT NULL
"""
_REMINDERS = """
INSERT INTO timers (referral_id, kind, since, due_at)
SELECT id, kind, sent_at, respond_by - interval '1 day'
FROM referrals CROSS JOIN (VALUES ('due_soon'), ('no_news')) AS kinds (kind)
WHERE sent_at IS NOT NULL AND (status = 'requested' OR kind = 'no_news')
ON CONFLICT DO NOTHING
"""


_NUMBER = "CAST(split_part(reference, '-', 2) AS int)"


class Plans:
    """A filled service, and the plans of statements on it."""

    def __init__(self, platform: Platform, town: Town) -> None:
        self.platform = platform
        self.actor = Actor(town.desk.id, town.business, frozenset({"adviser", "recipient"}))

    @asynccontextmanager
    async def work(self) -> AsyncIterator[ActorUnitOfWork]:
        async with self.platform.databases["referral"].transaction() as tx:
            yield ActorUnitOfWork(
                tx=tx, outbox=Outbox("referral"), vault=self.platform.vault, now=NOW, actor=self.actor
            )

    async def nodes(self, statement: ClauseElement) -> list[dict[str, Any]]:
        """The nodes of the plan of a statement, with how many rows each has read."""
        dialect: Any = postgresql.dialect()  # type: ignore[no-untyped-call]
        sql = str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        async with self.platform.databases["referral"].engine.begin() as connection:
            for setting in PLANNED_FOR:
                await connection.exec_driver_sql(f"SET LOCAL {setting}")
            found = await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
            return nodes_of(found.scalar_one())

    def listed(self, wanted: ReferralFilter, sort: Sort | None, after: Position | None = None) -> ClauseElement:
        """The statement of a list."""
        conditions = list(filters.conditions(self.actor, wanted, NOW))
        return page(filters.boxes(self.actor, wanted), conditions, sort, after, LIMIT)

    async def give_to(self, member: UUID, every: int) -> None:
        """Let a member look after one in so many of the referrals, on either side."""
        async with self.platform.owners["referral"].transaction() as tx:
            for column, rest in (("assigned_member_id", 0), ("source_member_id", 1)):
                numbered = "reference LIKE '%-%' AND reference NOT LIKE 'KUO-%'"
                statement = f"UPDATE referrals SET {column} = :member WHERE {numbered} AND {_NUMBER} % :every = {rest}"
                await tx.execute(text(statement), {"member": member, "every": every})
            await tx.execute(text("ANALYZE referrals"))

    async def sent_by(self, find: Callable[[ActorUnitOfWork], Awaitable[Any]]) -> list[ClauseElement]:
        """The statements that a query sends, which finds nothing here."""
        heard = _Heard()
        async with self.work() as work:
            await find(replace(work, tx=heard))  # type: ignore[arg-type]
        return heard.statements


class _Heard:
    """In the place of a transaction: keeps what it is asked, and answers that there is nothing."""

    def __init__(self) -> None:
        self.statements: list[ClauseElement] = []

    async def all(self, statement: ClauseElement) -> list[Any]:
        self.statements.append(statement)
        return []

    async def execute(self, statement: ClauseElement) -> list[Any]:
        return await self.all(statement)


@pytest_asyncio.fixture
async def plans(platform: Platform) -> Plans:
    """Many referrals, of which a busy organisation has sent and received thousands."""
    town = await small_town(platform)
    await sent_referral(platform, town)
    async with platform.owners["referral"].transaction() as tx:
        values = {"now": NOW, "member": town.desk.id}
        for number in range(30):
            pair = {"source": UUID(int=1000 + number), "target": UUID(int=2000 + number)}
            await tx.execute(text(_FILL), {**values, **pair, "from": f"R{number}-", "count": OTHERS // 30})
        for number, pair in enumerate(
            ({"source": town.business, "target": UUID(int=1)}, {"source": UUID(int=1), "target": town.business})
        ):
            await tx.execute(text(_FILL), {**values, **pair, "from": f"B{number}-", "count": BUSY})
        await tx.execute(text(_MESSAGES))
        await tx.execute(text(_REMINDERS))
    async with platform.owners["referral"].engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        for table in ("referrals", "messages", "timers"):  # as the server does by itself, in its own time
            await connection.exec_driver_sql(f"VACUUM (ANALYZE) {table}")
    return Plans(platform, town)


async def test_every_order_is_that_of_an_index(plans: Plans) -> None:
    """Of each box, and of what has and what lacks the moment, no more is read than a page: so in the middle too.

    Twice, where the best of several such pieces are taken.
    """
    middle = UUID(int=1 << 127)
    for sort in (None, *Sort):
        moment = NOW.replace(day=2) if sort else None
        for box in (None, *Side):
            for after in (None, Position(moment, middle), Position(None, middle)):
                nodes = await plans.nodes(plans.listed(ReferralFilter(box), sort, after))
                parts = (2 if box is None else 1) * (2 if sort else 1)
                assert from_indexes(nodes), (sort, box, after)
                assert rows_read(nodes, "referrals") <= 2 * parts * (LIMIT + 1), (sort, box, after)


async def test_every_queue_is_counted_out_of_an_index_that_holds_it(plans: Plans) -> None:
    for queue in QUEUES:
        async with plans.work() as work:
            nodes = await plans.nodes(counting(work, [queue]))
        assert from_indexes(nodes), queue
        (counted,) = {node["Actual Rows"] for node in nodes if node["Node Type"] == "Limit"}
        assert 0 < counted <= MOST_COUNTED + 1, queue
        assert rows_read(nodes, "referrals") <= counted + SLACK, f"{queue}: hardly more is read than is counted"
    async with plans.work() as work:
        nodes = await plans.nodes(counting(work, queues_of(plans.actor.roles)))
    assert from_indexes(nodes), "all of them in one statement"
    for table in ("referrals", "messages", "timers"):
        assert rows_read(nodes, table) <= len(QUEUES) * (MOST_COUNTED + 1), table


SLACK = BUSY // 2
"""Looked at and not counted, as requested referrals whose reminder has not come yet, and messages one may not read. The
planner is free to choose another index that is about as short, as that of all that is not closed: never to read what
has ended, which is most of it."""


async def test_the_list_of_every_queue_comes_out_of_indexes(plans: Plans) -> None:
    for queue in QUEUES:
        for sort in (None, *Sort):
            nodes = await plans.nodes(plans.listed(queue.filter, sort))
            assert from_indexes(nodes), (queue, sort)
            assert rows_read(nodes, "referrals") <= BUSY, (queue, sort)


async def test_what_is_assigned_to_somebody_comes_out_of_an_index(plans: Plans) -> None:
    """Whatever its status, in each order: nothing that others look after is read."""
    await plans.give_to(UUID(int=7), every=200)
    for sort in (None, Sort.RESPOND_BY, Sort.UPDATED_AT_DESCENDING):
        nodes = await plans.nodes(plans.listed(ReferralFilter(assigned=UUID(int=7)), sort))
        assert from_indexes(nodes), sort
        assert 0 < rows_read(nodes, "referrals") <= 4 * LIMIT, sort


async def test_a_list_of_one_status_reads_no_other(plans: Plans) -> None:
    for box in Side:
        for status in (Status.COMPLETED, Status.ENTERED_IN_ERROR, Status.FAILED):
            nodes = await plans.nodes(plans.listed(ReferralFilter(box, (status,)), None))
            assert from_indexes(nodes), (box, status)
            assert 0 < rows_read(nodes, "referrals") <= 2 * LIMIT, (box, status)


async def test_the_list_of_the_overview_reads_what_it_shows(plans: Plans) -> None:
    """Across all organisations: those of a rare status, those that are overdue, and those that need somebody."""
    rare = [OverviewFilter(None, None, (status,), None, None) for status in (Status.ON_HOLD, Status.ENTERED_IN_ERROR)]
    needing = OverviewFilter(None, None, (), Attention.ANSWER_UNSEEN, None)
    for only in (*rare, OverviewFilter(None, None, (), None, True), needing):
        (statement,) = await plans.sent_by(
            partial(overview_referrals, page=Keyset(after=None, limit=LIMIT - 1), only=only)
        )
        nodes = await plans.nodes(statement)
        assert from_indexes(nodes), only
        assert 0 < rows_read(nodes, "referrals") <= 500, f"{only}: of {OTHERS + 2 * BUSY}"


async def test_handing_over_reads_nothing_that_is_closed(plans: Plans) -> None:
    somebody = UUID(int=7)
    await plans.give_to(somebody, every=7)
    theirs = (col(Referral.source_member_id) == somebody) | (col(Referral.assigned_member_id) == somebody)
    count = "SELECT count(*) FROM referrals WHERE :member IN (assigned_member_id, source_member_id)"
    had = await plans.platform.scalar("referral", count, member=somebody)
    unclosed = await plans.platform.scalar("referral", f"{count} AND closed_at IS NULL", member=somebody)
    for find in (listed_open, still_open):
        for statement in await plans.sent_by(partial(find, theirs=theirs)):
            nodes = await plans.nodes(statement)
            assert from_indexes(nodes)
            assert 0 < rows_read(nodes, "referrals") <= 4 * (unclosed + 1) < had, f"{unclosed} are not closed, of {had}"
