"""What inboxes and lists of deliveries cost: read out of indexes, however many notices others have, or one has seen."""

from typing import Any
from uuid import UUID, uuid4

import pytest_asyncio
from sqlalchemy import text

from services.notifications.queries.health import FAILING
from tests.builders import Someone, Town, small_town
from tests.flows.notifications_story import Story
from tests.plans import PLANNED_FOR, from_indexes, nodes_of, plans_of, rows_read
from tests.platform import Platform

OTHERS, BUSY, FEW = 6_000, 2_000, 10
"""Notices to many other organisations, to a busy one, whose only reader has seen all, and to one that has few."""
UNDELIVERED = (OTHERS + BUSY) // 100
PAGE = 50

_NOTICES = """
INSERT INTO notices (
    id, event_id, event_type, correlation_id, referral_id, reference, recipient_organization_id, recipient_member_id,
    number, about, created_at, seen_at
)
SELECT gen_random_uuid(), gen_random_uuid(), event_type, '-', gen_random_uuid(), reference, CAST(:organization AS uuid),
    CAST(:member AS uuid), 1000 + n, about, created_at, CASE WHEN :seen THEN created_at END
FROM (SELECT * FROM notices LIMIT 1) AS one CROSS JOIN generate_series(1, :count) AS n
"""
_DELIVERIES = """
INSERT INTO deliveries (id, notice_id, organization_id, channel, status, attempts, delivered_at, version)
SELECT gen_random_uuid(), id, CASE WHEN number NOT IN (1507, 1607) THEN recipient_organization_id END, channel, status,
    1, CASE status WHEN 'delivered' THEN created_at END, 1
FROM notices CROSS JOIN (VALUES ('inbox'), ('email')) AS channels (channel)
CROSS JOIN LATERAL (
    SELECT CASE WHEN channel = 'email' AND number % 100 = 7 THEN 'exhausted' ELSE 'delivered' END AS status
) AS standing
WHERE number > 1000
"""


@pytest_asyncio.fixture
async def town(platform: Platform) -> Town:
    """A town where Business Kuopio is told much, Navigaattori little, and thirty others a lot together."""
    town = await small_town(platform)
    story = Story.of(platform, town)
    for _ in range(FEW):
        await story.tell("accepted", "target", status="accepted")  # the adviser is told
    await platform.settle()
    others = [(uuid4(), uuid4(), OTHERS // 30, False) for _ in range(30)]
    async with platform.owners["notifications"].transaction() as tx:
        for organization, member, count, seen in (*others, (town.business, town.desk.id, BUSY, True)):
            told = {"organization": organization, "member": member, "count": count, "seen": seen}
            await tx.execute(text(_NOTICES), told)
        await tx.execute(text(_DELIVERIES))
        newest = {"member": town.desk.id, "newest": 1000 + BUSY}
        await tx.execute(text("INSERT INTO counters (member_id, last_number) VALUES (:member, :newest)"), newest)
    async with platform.owners["notifications"].engine.connect() as connection:
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        await connection.exec_driver_sql("VACUUM (ANALYZE) notices, deliveries")  # as the server does by itself
    return town


class Asked:
    """What somebody was answered, and what that has read."""

    def __init__(self, platform: Platform, who: Someone) -> None:
        self._platform = platform
        self._who = who

    async def reads(self, path: str) -> float:
        """How many rows of notices and deliveries are read; all of them by indexes."""

        async def ask() -> None:
            async with self._platform.client("notifications", self._who) as client:
                answer = await client.get(path)
            assert answer.status_code == 200, answer.text
            self.answer = answer

        plans = await plans_of(self._platform, "notifications", ask)
        assert plans, "something was asked of the database"
        assert all(from_indexes(nodes) for nodes in plans)
        self.indexes = {
            node["Index Name"] for nodes in plans for node in nodes if node.get("Relation Name") == "notices"
        }
        return sum(rows_read(nodes, table) for nodes in plans for table in ("notices", "deliveries"))

    @property
    def contents(self) -> list[dict[str, Any]]:
        """What the answer lists."""
        contents: list[dict[str, Any]] = self.answer.json()["contents"]
        return contents


async def test_few_deliveries_are_found_among_those_of_everybody(platform: Platform, town: Town) -> None:
    asked = Asked(platform, town.adviser)
    assert await asked.reads("/deliveries") <= 4 * FEW
    assert asked.indexes == {"ix_notices_organization"}, "another one would be gone through from end to end"
    assert len(asked.contents) == 2 * FEW
    assert await asked.reads("/deliveries?status=delivered") <= 4 * FEW
    assert await asked.reads("/deliveries?status=failed&status=exhausted&status=bounced") <= 4 * FEW
    assert asked.contents == []


async def test_a_page_of_many_deliveries_reads_no_more_than_a_page(platform: Platform, town: Town) -> None:
    asked = Asked(platform, town.desk)
    for path in ("/deliveries", "/deliveries?status=delivered"):
        assert await asked.reads(path) <= 4 * PAGE
        for _ in range(3):
            assert len(asked.contents) == PAGE
            assert await asked.reads(asked.answer.json()["next"]) <= 4 * PAGE


async def test_what_was_not_delivered_is_found_among_what_was(platform: Platform, town: Town) -> None:
    asked = Asked(platform, town.desk)
    path = "/deliveries?status=failed&status=exhausted&status=bounced"
    assert await asked.reads(path) <= 4 * BUSY // 100, "those of others are not looked at"
    whole = asked.contents
    assert len(whole) == BUSY // 100, "those of a former version, which name no organisation, included"
    found, following = list[Any](), f"{path}&limit=4"
    while following:
        assert await asked.reads(following) <= 7 * (4 + 1), "a page, and the two of a former version"
        found, following = found + asked.contents, asked.answer.json()["next"]
    assert found == whole
    nameless = "SELECT count(*) FROM deliveries JOIN notices ON notices.id = notice_id WHERE organization_id IS NULL"
    assert await platform.scalar("notifications", nameless) == 2 * 2, "this version names it"


async def test_deliveries_about_a_referral_are_found_by_it(platform: Platform, town: Town) -> None:
    asked = Asked(platform, town.desk)
    await asked.reads("/deliveries")
    referral = UUID(asked.contents[0]["referral_id"])
    assert await asked.reads(f"/deliveries?referral_id={referral}") <= 10
    assert {each["referral_id"] for each in asked.contents} == {str(referral)}


async def test_who_has_seen_all_finds_nothing_unseen_at_once(platform: Platform, town: Town) -> None:
    asked = Asked(platform, town.desk)
    for path in ("/notices?unseen=true", "/notices/counts", "/notices/stream?follow=false"):
        assert await asked.reads(path) <= 2, path
    assert "id:" not in asked.answer.text


async def test_what_is_unseen_is_found_among_what_was_seen(platform: Platform, town: Town) -> None:
    async with platform.owners["notifications"].transaction() as tx:
        for number in (1003, 1500, 1501):
            await tx.execute(
                text("UPDATE notices SET seen_at = NULL WHERE recipient_member_id = :member AND number = :number"),
                {"member": town.desk.id, "number": number},
            )
    asked = Asked(platform, town.desk)
    assert await asked.reads("/notices?unseen=true") <= 6
    assert await asked.reads("/notices/counts") <= 6
    assert await asked.reads("/notices/stream?follow=false") <= 6
    numbers = [line.removeprefix("id: ") for line in asked.answer.text.splitlines() if line.startswith("id:")]
    assert numbers == ["1003", "1500", "1501"]


async def test_whether_others_arrive_is_not_sought_among_all_that_arrived(platform: Platform, town: Town) -> None:
    """Of the newest that was given up, after which nothing has arrived."""
    async with platform.owners["notifications"].transaction() as tx:
        await tx.execute(text("UPDATE notices SET created_at = now() - interval '1 minute'"))
        await tx.execute(
            text("UPDATE deliveries SET delivered_at = now() - interval '2 hours' WHERE delivered_at < now()")
        )
    async with platform.databases["notifications"].engine.begin() as connection:
        for setting in PLANNED_FOR:
            await connection.exec_driver_sql(f"SET LOCAL {setting}")
        (failing,) = (await connection.exec_driver_sql(FAILING)).mappings()
        assert (failing["number"], failing["others_arrive"]) == (UNDELIVERED, False)
        plan = nodes_of((await connection.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {FAILING}")).scalar_one())
    assert from_indexes(plan)
    assert rows_read(plan, "deliveries") <= 2 * UNDELIVERED, f"of {2 * (OTHERS + BUSY)}"
