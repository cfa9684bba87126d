"""Retention: each register gives up what was kept long enough and nothing else, and everything still works after it."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import text

from luotsi.platform.copies import COPIES
from luotsi.platform.process import PlatformError
from luotsi.platform.rebuilding import rebuild
from luotsi.retention import logs
from luotsi.retention.registers import PERIODS, REGISTERS, read_periods
from services.referral.jobs.disclosure_sealer import DisclosureSealer
from shared.ids import new_id
from shared.publishing import packs
from tests.builders import Town, small_town
from tests.flows.operating import luotsi, target
from tests.packing import pack_all
from tests.plans import from_indexes, nodes_of, rows_read
from tests.platform import Platform
from tests.referring import CLIENT, SECRETS, at_work, sent_referral
from tests.statements import count_statements

JSON = dict[str, Any]
AGES = {
    "referral": ("referrals", "clients", "messages", "idempotency_keys", "disclosures", "inbox", "outbox", "timeline"),
    "notifications": ("notices", "inbox", "outbox"),
    "catalog": ("outbox",),
}


async def due(platform: Platform, *arguments: str) -> dict[str, int]:
    """Rows per register, as `luotsi retention` says; those with none are left out."""
    result = await asyncio.to_thread(luotsi, platform, "retention", "--json", *arguments)
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)["registers"]
    assert [line["register"] for line in found] == list(REGISTERS)
    return {line["register"]: line["rows"] for line in found if line["rows"]}


async def age(platform: Platform, days: int) -> None:
    """Let everything that is there have happened that many days earlier."""
    for service, tables in AGES.items():
        async with platform.owners[service].transaction() as tx:
            for table in tables:
                columns = await tx.execute(
                    text(
                        "SELECT column_name FROM information_schema.columns WHERE table_name = :table "
                        "AND table_schema = 'public' AND data_type = 'timestamp with time zone'"
                    ),
                    {"table": table},
                )
                earlier = ", ".join(f"{name} = {name} - interval '{days} days'" for name in columns.scalars())
                await tx.execute(text(f"UPDATE {table} SET {earlier}"))


async def a_closed_referral(platform: Platform, town: Town) -> JSON:
    """A referral with messages whose loop is closed."""
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    referral = await desk.done("accept", await desk.read((await sent_referral(platform, town))["id"]))
    await adviser.client.post(f"/referrals/{referral['id']}/messages", json={"text": "needs a ramp"})
    done = await desk.done("complete", referral, {"outcome": {"code": "enrolled"}})
    closed = await adviser.done("close", await adviser.read(done["id"]))
    await platform.settle()
    return closed


async def test_nothing_is_due_at_first_and_a_dry_run_changes_nothing(platform: Platform) -> None:
    town = await small_town(platform)
    await a_closed_referral(platform, town)
    assert await due(platform) == {}
    assert await due(platform, "--run") == {}
    await age(platform, 800)
    before = [await platform.scalar("referral", f"SELECT count(*) FROM {table}") for table in AGES["referral"]]
    assert (await due(platform))["clients"] == 1
    assert [await platform.scalar("referral", f"SELECT count(*) FROM {table}") for table in AGES["referral"]] == before
    shown = await asyncio.to_thread(luotsi, platform, "retention")
    assert "nothing was taken away" in shown.stdout


async def test_a_client_goes_when_the_last_referral_ended_long_ago(platform: Platform) -> None:
    town = await small_town(platform)
    old = await a_closed_referral(platform, town)
    kept = await a_closed_referral(platform, town)
    await age(platform, 800)
    under_way = await sent_referral(platform, town, client=..., client_id=kept["client"]["id"])
    recent = await a_closed_referral(platform, town)
    assert {name: rows for name, rows in (await due(platform)).items() if name in ("clients", "messages")} == {
        "clients": 1,
        "messages": 2,
    }
    removed = await due(platform, "--run")
    assert removed["clients"] == 1
    adviser = at_work(platform, town.adviser)
    assert (await adviser.read(old["id"]))["client"] is None
    assert (await adviser.read(old["id"]))["outcome"]["code"] == "enrolled"
    for referral in (kept, under_way, recent):
        assert (await adviser.read(referral["id"]))["client"]["name"] == CLIENT["name"]
    assert len((await adviser.client.get(f"/referrals/{kept['id']}/messages")).json()["contents"]) == 0, "sooner"
    assert len((await adviser.client.get(f"/referrals/{recent['id']}/messages")).json()["contents"]) == 1
    told = "SELECT count(*) FROM disclosures WHERE occasion = 'retention' AND member_id IS NULL"
    assert await platform.scalar("referral", told) == 1, "it is written down"
    assert "clients" not in await due(platform)


async def test_a_client_with_a_referral_under_way_is_never_due(platform: Platform) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    await age(platform, 4000)
    assert "clients" not in await due(platform, "--run")
    assert await platform.scalar("referral", "SELECT count(*) FROM client_keys") == 1


async def test_logs_lose_what_they_tell_of_the_erased_and_the_streams_do_not_mind(platform: Platform) -> None:
    town = await small_town(platform)
    await a_closed_referral(platform, town)
    await age(platform, 800)
    await due(platform, "--run")
    newest = await platform.scalar("referral", "SELECT max(id) FROM outbox WHERE entry_ms IS NOT NULL")
    await age(platform, 40)
    removed = await due(platform, "--run")
    assert removed["referral_log"] >= 5
    assert await platform.scalar("referral", "SELECT count(*) FROM outbox") == 1
    assert await platform.scalar("referral", "SELECT id FROM outbox") == newest, "by it the relay knows its stream"
    assert await platform.scalar("referral", "SELECT count(*) FROM timeline") > 5, "the timeline stays"
    assert await platform.relay("referral").step() == 0, "nothing seems lost"
    again = await a_closed_referral(platform, town)
    notices = (await platform.client("notifications", town.desk).get("/notices")).json()["contents"]
    assert {notice["referral_id"] for notice in notices} >= {again["id"]}


_NOTHING_TO_SEND = """UPDATE deliveries SET status = 'withdrawn', next_attempt_at = NULL
    WHERE next_attempt_at IS NOT NULL"""


@pytest.mark.parametrize("is_packed", [False, True])
async def test_what_is_packed_goes_like_what_is_not(platform: Platform, is_packed: bool) -> None:
    """The same number of rows of each register, and the same events are left, of the other referral."""
    town = await small_town(platform)
    gone = await a_closed_referral(platform, town)
    async with platform.client("notifications", town.desk) as desk:
        for notice in (await desk.get("/notices")).json()["contents"]:
            assert (await desk.post(f"/notices/{notice['id']}/seen")).status_code == 200
    await platform.settle()
    await _write(platform, "notifications", _NOTHING_TO_SEND)
    await age(platform, 800)
    await _write(platform, "referral", "UPDATE deliveries SET at = at - interval '800 days'")
    proofs = "SELECT count(*) FROM deliveries"
    old_proofs = await platform.scalar("referral", proofs)
    other = await a_closed_referral(platform, town)
    if is_packed:
        for service in ("referral", "notifications"):
            assert await pack_all(platform.databases[service]) > 0
    all_proofs = await platform.scalar("referral", proofs)
    assert (await due(platform, "--run"))["delivery_log"] == old_proofs > 0, "with their notices"
    assert await platform.scalar("referral", proofs) == all_proofs - old_proofs
    await age(platform, 40)
    told = await due(platform)
    removed = await due(platform, "--run")
    assert told["referral_log"] == removed["referral_log"] >= 5
    assert "referral_log" not in await due(platform)
    async with platform.databases["referral"].transaction() as tx:
        packed = [event.subject async for event in packs.about(tx, [gone["id"], other["id"]])]
        in_outbox = list((await tx.execute(text("SELECT subject FROM outbox"))).scalars())
    assert {*packed, *in_outbox} == {other["id"]}


async def test_copies_can_be_rebuilt_after_retention(platform: Platform) -> None:
    town = await small_town(platform)
    for _ in range(3):
        await town.facts.organization("kompassi", organization_id=town.kompassi)
    await platform.settle()
    await a_closed_referral(platform, town)
    await age(platform, 800)
    await a_closed_referral(platform, town)
    await due(platform, "--run")
    await age(platform, 100)
    removed = await due(platform, "--run")
    assert (
        await platform.scalar("catalog", "SELECT count(*) FROM outbox WHERE subject = :id", id=str(town.kompassi)) == 1
    )
    assert "handled" in removed, "of the events that are gone"
    for name in COPIES:
        rebuilt = await rebuild(target(platform), name)
        assert rebuilt.mended == 0, name
        assert rebuilt.rows > 0 or name == "catalog.service_facts", "nobody told of facts here"


async def test_what_was_dealt_with_is_remembered_as_long_as_the_event_is_there(platform: Platform) -> None:
    town = await small_town(platform)
    await a_closed_referral(platform, town)
    remembered = await platform.scalar("notifications", "SELECT count(*) FROM inbox")
    await age(platform, 200)
    assert "handled" not in await due(platform, "--run")
    assert await platform.scalar("notifications", "SELECT count(*) FROM inbox") == remembered
    notices = await platform.scalar("notifications", "SELECT count(*) FROM notices")
    for service in ("catalog", "referral", "notifications"):
        await asyncio.to_thread(republish, platform, service)
    await platform.settle()
    assert await platform.scalar("notifications", "SELECT count(*) FROM notices") == notices, "nobody is told twice"


def republish(platform: Platform, service: str) -> None:
    redis = {"REDIS_URL": platform.servers.redis_urls["operator"]}
    assert luotsi(platform, "events", "republish", service, "--all", **redis).exit_code == 0


async def test_disclosures_go_by_sealed_days_and_the_log_still_holds(platform: Platform) -> None:
    town = await small_town(platform)
    await a_closed_referral(platform, town)
    await age(platform, 1830)
    assert "disclosures" not in await due(platform, "--run"), "no day is sealed yet"
    await a_closed_referral(platform, town)
    sealer = DisclosureSealer(
        platform.databases["referral"], target(platform).key("AUDIT_KEY"), "one", lambda: datetime.now(UTC)
    )
    while await sealer.step():
        pass
    assert (await due(platform))["disclosures"] == (await due(platform, "--run"))["disclosures"] > 0
    verified = await asyncio.to_thread(luotsi, platform, "audit", "verify")
    assert verified.exit_code == 0, verified.stdout
    oldest = await platform.scalar("referral", "SELECT min(at) FROM disclosures")
    assert (datetime.now(UTC) - oldest).days < 1827


async def test_a_notice_whose_mail_is_still_under_way_stays(platform: Platform) -> None:
    town = await small_town(platform)
    await sent_referral(platform, town)
    await platform.settle()
    await age(platform, 800)
    waiting = "SELECT count(DISTINCT notice_id) FROM deliveries WHERE next_attempt_at IS NOT NULL"
    count = await platform.scalar("notifications", waiting)
    assert count
    await due(platform, "--run")
    assert await platform.scalar("notifications", "SELECT count(*) FROM notices") == count


async def test_periods_are_those_of_the_file(platform: Platform, tmp_path: Path) -> None:
    town = await small_town(platform)
    await a_closed_referral(platform, town)
    await age(platform, 20)
    own = tmp_path / "periods.yaml"
    own.write_text(yaml.safe_dump({**read_periods(PERIODS), "clients": 10, "answers": 19}))
    removed = await due(platform, "--run", "--file", str(own))
    assert (removed["clients"], removed["answers"]) == (1, 1)
    async with platform.databases["referral"].transaction() as tx:
        rows = (await tx.execute(text("SELECT CAST(c.* AS text) FROM clients c"))).scalars().all()
    assert all(secret not in row for secret in SECRETS for row in rows)


@pytest.mark.parametrize(
    "wrong",
    [{"clients": 10}, dict.fromkeys(REGISTERS, "long"), dict.fromkeys(REGISTERS, -1), dict.fromkeys(REGISTERS, True)],
)
def test_a_file_that_leaves_a_register_out_is_refused(tmp_path: Path, wrong: dict[str, Any]) -> None:
    path = tmp_path / "periods.yaml"
    path.write_text(yaml.safe_dump(wrong))
    with pytest.raises(PlatformError, match=r"has to (name|give)"):
        read_periods(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "periods.yaml"
    with pytest.raises(PlatformError, match="cannot be read: FileNotFoundError"):
        read_periods(path)
    path.write_text("{", encoding="utf-8")
    with pytest.raises(PlatformError, match="cannot be read: ParserError"):
        read_periods(path)


_HANDLED = """INSERT INTO inbox (event_id, consumer, handled_at)
    SELECT id, 'notifications', CAST(:at AS timestamptz) FROM unnest(CAST(:ids AS uuid[])) AS id"""
_RECORDED = """INSERT INTO outbox (event_id, type, subject, payload)
    SELECT id, 'made.up.v1', gen_random_uuid(), '{}' FROM unnest(CAST(:ids AS uuid[])) AS id"""


async def test_of_many_events_those_in_no_log_are_forgotten_portion_by_portion(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each log has a part of them, across the ends of portions; what was dealt with lately stays in any case."""
    monkeypatch.setattr(logs, "_PORTION", 7)
    long_ago, lately = datetime(2020, 1, 1, tzinfo=UTC), datetime.now(UTC)
    events = [new_id() for _ in range(60)]
    kept = {"catalog": events[0:20:3], "referral": events[1:40:2], "notifications": events[50:55]}
    young = events[-5:]
    for service, ids in kept.items():
        await _write(platform, service, _RECORDED, ids=ids)
    await _write(platform, "referral", "UPDATE outbox SET published_at = now(), entry_ms = 1, entry_seq = id")
    assert await pack_all(platform.owners["referral"]) == len(kept["referral"])
    await _write(platform, "notifications", _HANDLED, ids=events[:-5], at=long_ago)
    await _write(platform, "notifications", _HANDLED, ids=young, at=lately)
    gone = set(events) - set(young) - {each for ids in kept.values() for each in ids}
    given = count_statements(monkeypatch)
    assert (await due(platform))["handled"] == len(gone)
    counting = sum(logs.OLD_IN_INBOX[:40] in sql for sql in given)
    assert (await due(platform, "--run"))["handled"] == len(gone)
    assert sum(logs.OLD_IN_INBOX[:40] in sql for sql in given) == 2 * counting > 2 * len(gone) // 7, "gone through once"
    async with platform.owners["notifications"].transaction() as tx:
        left = set((await tx.execute(text("SELECT event_id FROM inbox"))).scalars())
    assert left == set(events) - gone


async def test_a_portion_of_what_was_dealt_with_reads_a_piece_of_each_index(platform: Platform) -> None:
    events = [new_id() for _ in range(20_000)]
    await _write(platform, "notifications", _HANDLED, ids=events, at=datetime(2020, 1, 1, tzinfo=UTC))
    await _write(platform, "referral", _RECORDED, ids=events)
    await _write(platform, "referral", "INSERT INTO packed_events SELECT event_id FROM outbox")
    await _write(platform, "referral", "ANALYZE packed_events")
    begun, portion = events[9_999], 1_000
    values = {"before": datetime(2021, 1, 1, tzinfo=UTC), "after": begun, "portion": portion}
    assert 0 < await _read_by(platform, "notifications", logs.OLD_IN_INBOX, "inbox", values) <= portion + 1
    piece = events[10_000 : 10_000 + portion]
    values = {"ids": piece, "first": piece[0], "last": piece[-1]}
    assert await _read_by(platform, "referral", logs.NOT_IN_LOG, "outbox", values) == portion


async def _write(platform: Platform, service: str, statement: str, **values: Any) -> None:
    async with platform.owners[service].transaction() as tx:
        await tx.execute(text(statement), values)


async def _read_by(platform: Platform, service: str, statement: str, table: str, values: JSON) -> float:
    """How many rows of a table a statement reads, all of them out of an index."""
    async with platform.owners[service].transaction() as tx:
        await tx.execute(text(f"ANALYZE {table}"))
        told = (await tx.execute(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), values)).scalar_one()
    nodes = nodes_of(told)
    assert from_indexes(nodes)
    return rows_read(nodes, table)
