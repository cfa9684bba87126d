"""`luotsi events`, as an operator types it, on the real servers."""

import asyncio
import json
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text
from typer.testing import CliRunner, Result

from luotsi.commands.events import app
from luotsi.platform.process import PlatformError
from shared.consuming import backlog, dead_letters
from shared.publishing import relay
from shared.services import groups_of, streams
from tests.events.backbone import GROUP, STREAM, Backbone, failing_on
from tests.events.test_publishing import ids, ids_on_stream


async def run(backbone: Backbone, *words: str) -> Result:
    """The command, with the addresses in its environment."""
    urls = backbone.servers.database_urls
    environment = {f"{service.upper()}_DATABASE_URL": url for service, url in urls.items()}
    environment |= {"REDIS_URL": backbone.servers.redis_urls["operator"], "COLUMNS": "200"}
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, list(words), env=environment))


async def lag(backbone: Backbone) -> tuple[int, Any]:
    """Exit code and figures of `lag --json`."""
    result = await run(backbone, "lag", "--json")
    return result.exit_code, json.loads(result.stdout)


async def all_groups(backbone: Backbone) -> None:
    """Let every declared group exist, with somebody who reads."""
    for stream in streams():
        await all_groups_of(backbone, stream)


async def all_groups_of(backbone: Backbone, stream: str) -> None:
    redis: Any = backbone.operator
    for group in groups_of(stream):
        await redis.xgroup_create(stream, group, id="0", mkstream=True)
        await redis.xgroup_createconsumer(stream, group, f"{group}-worker")


async def one_dead(backbone: Backbone) -> None:
    """Tell of two events, of which the first ends as a dead letter."""
    events = await backbone.tell(2)
    await backbone.publish()
    reader = backbone.reader(failing_on(lambda event: event.id == events[0].id), max_failures=1)
    await reader.take_batch(await backbone.read())


async def test_lag_tells_what_waits_on_streams_in_hands_and_in_databases(backbone: Backbone) -> None:
    await all_groups(backbone)
    await backbone.tell(5)
    await backbone.publish()
    await backbone.read(count=2)
    await backbone.tell(3)
    code, found = await lag(backbone)
    assert code == 0
    [own] = [group for group in found["groups"] if (group["stream"], group["group"]) == (STREAM, GROUP)]
    assert (own["length"], own["lag"], own["pending"], own["dead"]) == (5, 3, 2, 0)
    assert own["oldest_pending_seconds"] >= 0
    [catalog] = [service for service in found["services"] if service["service"] == "catalog"]
    assert (catalog["unpublished"], catalog["parked"]) == (3, 0)


async def test_lag_knows_the_lag_where_redis_has_lost_count(backbone: Backbone) -> None:
    await all_groups(backbone)
    await backbone.tell(5)
    await backbone.publish()
    await backbone.read(count=1)
    entries = await backbone.operator.xrange(STREAM)
    await backbone.operator.xdel(STREAM, entries[3][0])
    _, found = await lag(backbone)
    assert [group["lag"] for group in found["groups"] if (group["stream"], group["group"]) == (STREAM, GROUP)] == [3]


async def test_lag_fails_when_a_declared_group_is_missing(backbone: Backbone) -> None:
    await all_groups(backbone)
    await backbone.operator.xgroup_destroy(STREAM, GROUP)
    code, found = await lag(backbone)
    assert code == 1
    assert [group["group"] for group in found["groups"] if group["missing"]] == [GROUP]
    assert "missing" in (await run(backbone, "lag")).stdout


async def test_lag_fails_when_something_is_dead_or_stuck(backbone: Backbone) -> None:
    await all_groups(backbone)
    await one_dead(backbone)
    assert (await lag(backbone))[0] == 1
    await backbone.operator.delete(f"{STREAM}.dead.{GROUP}")
    assert (await lag(backbone))[0] == 0
    async with backbone.consuming.transaction() as tx:
        await tx.execute(text("INSERT INTO parked VALUES (gen_random_uuid(), 'retry', '{}')"))
    code, found = await lag(backbone)
    stuck = {service["service"]: service["stuck"] for service in found["services"]}
    assert (code, stuck[GROUP]) == (1, 1)


async def test_lag_fails_when_nobody_reads(backbone: Backbone, monkeypatch: pytest.MonkeyPatch) -> None:
    await all_groups(backbone)
    code, found = await lag(backbone)
    assert (code, {group["consumers"] for group in found["groups"]}) == (0, {1})
    monkeypatch.setattr(backlog, "_IDLE_SECONDS", 0.05)
    await asyncio.sleep(0.1)
    code, found = await lag(backbone)
    assert (code, {group["consumers"] for group in found["groups"]}) == (1, {0}), "names of the dead do not count"
    assert "!!" in (await run(backbone, "lag")).stdout


async def test_lag_fails_when_something_has_waited_for_too_long(backbone: Backbone) -> None:
    await all_groups(backbone)
    await backbone.tell(1)
    assert (await lag(backbone))[0] == 0
    async with backbone.publisher.transaction() as tx:
        await tx.execute(text("UPDATE outbox SET recorded_at = now() - interval '75 seconds'"))
    code, found = await lag(backbone)
    [late] = [service for service in found["services"] if not service["well"]]
    assert (code, late["service"], late["oldest_seconds"] >= 75) == (1, "catalog", True)
    await backbone.publish()
    assert (await lag(backbone))[0] == 0
    await backbone.operator.delete(STREAM)
    await all_groups_of(backbone, STREAM)
    old = f"{int(1000 * (time.time() - 300))}-0"
    await backbone.operator.xadd(STREAM, {"__data__": "{}"}, id=old)
    code, found = await lag(backbone)
    late = [group for group in found["groups"] if not group["well"]]
    assert (code, {group["stream"] for group in late}) == (1, {STREAM})
    assert all(group["oldest_unread_seconds"] >= 300 for group in late)


async def test_lag_tells_how_much_is_still_to_be_published_again(
    backbone: Backbone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "_LEAD", 5)
    await all_groups(backbone)
    await backbone.tell(8)
    await backbone.publish()
    by = backbone.new_relay("relay-1", batch=2)
    assert [await again(backbone), (await run(backbone, "republish", "catalog", "--all")).exit_code] == [0, 0]
    assert await again(backbone) == 8
    await by.step()
    assert await again(backbone) == 8, "readers are too far behind"
    assert " 8 " in (await run(backbone, "lag")).stdout
    for group in groups_of(STREAM):
        await backbone.operator.xgroup_setid(STREAM, group, "$")
    await by.step()
    assert await again(backbone) == 6
    await backbone.operator.flushall()
    await by.step()
    assert await again(backbone) == 8, "what is lost counts like what was asked for"


async def again(backbone: Backbone) -> int:
    """How many events of the catalogue are to be published again."""
    _, found = await lag(backbone)
    return next(int(service["again"]) for service in found["services"] if service["service"] == "catalog")


async def test_dead_letters_are_listed_and_shown_with_their_reason(backbone: Backbone) -> None:
    await one_dead(backbone)
    await backbone.add_raw({b"__data__": b"\xff\x00no event"})
    await backbone.reader().take_batch(await backbone.read())
    listed = json.loads((await run(backbone, "dead", "list", "--json")).stdout)
    assert [letter["reason"].split(":")[0] for letter in listed] == ["handler failed", "not an event"]
    table = (await run(backbone, "dead", "list")).stdout
    shown = [(await run(backbone, "dead", "show", letter["id"])).stdout for letter in listed]
    for letter, page in zip(listed, shown, strict=True):
        assert letter["id"] in table
        assert letter["reason"] in page
    assert json.loads(shown[0])["event"]["data"]["slug"] == "kuopio"
    assert r"\xff\x00no event" in shown[1]


async def test_more_dead_letters_than_fit_a_page_are_all_listed(backbone: Backbone) -> None:
    for _ in range(250):
        await backbone.add_raw({b"__data__": b"{"})
    while entries := await backbone.read():
        await backbone.reader().take_batch(entries)
    assert len(json.loads((await run(backbone, "dead", "list", "--json")).stdout)) == 250


async def test_a_replayed_letter_is_handled_and_gone(backbone: Backbone) -> None:
    await one_dead(backbone)
    [letter] = await dead_letters.read(backbone.operator, STREAM, GROUP)
    assert (await run(backbone, "dead", "replay", letter.id)).exit_code == 0
    await backbone.reader().take_batch(await backbone.read())
    assert len(await backbone.noted()) == 2
    assert await dead_letters.read(backbone.operator, STREAM, GROUP) == []


async def test_all_letters_are_replayed_at_once(backbone: Backbone) -> None:
    for _ in range(3):
        await one_dead(backbone)
    assert "3 replayed" in (await run(backbone, "dead", "replay", "--all")).stdout
    await backbone.reader().take_batch(await backbone.read())
    assert len(set(await backbone.noted())) == len(await backbone.noted()) == 6


async def test_a_whole_log_is_published_again_and_doubles_nothing(backbone: Backbone) -> None:
    events = await backbone.tell(3)
    await backbone.publish()
    await backbone.reader().take_batch(await backbone.read())
    assert "3 events" in (await run(backbone, "republish", "catalog", "--all")).stdout
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids(events) * 2
    await backbone.reader().take_batch(await backbone.read())
    assert await backbone.noted() == [event.id for event in events]


async def test_a_log_is_published_again_from_a_moment_on(backbone: Backbone) -> None:
    old, new = await backbone.tell(2), await backbone.tell(2)
    await backbone.publish()
    async with backbone.publisher.transaction() as tx:
        await tx.execute(text("UPDATE outbox SET recorded_at = now() - interval '2 days' WHERE id <= 2"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    written = yesterday.replace(tzinfo=None).isoformat(timespec="minutes")
    assert "2 events" in (await run(backbone, "republish", "catalog", "--since", written)).stdout
    await backbone.publish()
    assert await ids_on_stream(backbone) == ids([*old, *new, *new])


@pytest.mark.parametrize(
    ("words", "say"),
    [
        (("dead", "show", "1-1"), "1-1"),
        (("dead", "replay", "1-1"), "1-1"),
        (("dead", "replay"), "--all"),
        (("dead", "replay", "1-1", "--all"), "--all"),
        (("republish", "nobody", "--all"), "catalog"),
        (("republish", "catalog"), "--since"),
        (("republish", "catalog", "--since", "soon"), "soon"),
    ],
)
async def test_what_cannot_be_done_is_said(backbone: Backbone, words: tuple[str, ...], say: str) -> None:
    result = await run(backbone, *words)
    assert isinstance(result.exception, PlatformError)
    assert say in str(result.exception)
