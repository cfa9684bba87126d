"""What the database counts is what a plain count over the same referrals gives: random ones, every cut of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from services.referral.domain.attention import Attention
from services.referral.domain.lifecycle import OPEN, Status, is_open
from services.referral.domain.periods import last_of_month
from services.referral.domain.working_time import working_time
from services.referral.jobs.answer_times import AnswerTimes
from services.referral.queries.referrals import attention_to
from services.referral.tables import Referral
from shared.clock import day_in_kuopio
from shared.database.rows import values_of
from shared.events.catalog import Closure
from shared.ids import new_id
from shared.publishing.outbox import Outbox
from tests.builders import Town, small_town
from tests.platform import Platform
from tests.referring import JSON, at_work, problem, sent_referral

CLOSED = Closure(starts_on=date(2026, 7, 1), ends_on=date(2026, 7, 28))
FIRST, LAST = date(2025, 12, 1), date(2026, 11, 29)
PERIOD = f"from={FIRST}&to={LAST}"
REASONS = ("no_capacity", "not_eligible", "outside_area", "other")
ENDS = ("completed", "failed", "rejected", "cancelled", "entered-in-error")


def random_referral(chance: Random, like: Referral, town: Town) -> Referral:
    """A referral that was sent about a year ago or less, to one of two organisations, and went in some way."""
    business = chance.random() < 0.7
    sent_at = datetime(2025, 11, 1, tzinfo=UTC) + timedelta(seconds=chance.randrange(400 * 86_400))
    status = Status(chance.choice(["requested", "accepted", "in-progress", "on-hold", *ENDS, "completed"]))
    answered_at = sent_at + timedelta(seconds=chance.randrange(1, 12 * 86_400))
    expired = status == "cancelled" and chance.random() < 0.5
    was_accepted = status in {"accepted", "in-progress", "on-hold", "completed", "failed"}
    was_accepted |= status == "entered-in-error" and chance.random() < 0.5
    new = new_id()
    return Referral(
        **values_of(like)
        | {
            "id": new,
            "root_id": new,
            "reference": f"KUO-{new.hex[-10:]}",
            "status": status,
            "language": chance.choice(["ar", "ar", "fa", "uk", "so"]),
            "source_organization_id": chance.choice([town.navigaattori, town.kompassi]),
            "target_organization_id": town.business if business else town.kompassi,
            "service_id": town.advice if business else town.guidance,
            "sent_at": sent_at,
            "respond_by": sent_at + timedelta(days=chance.choice([3, 900])),
            "accepted_at": answered_at if was_accepted else None,
            "declined_at": answered_at if status == "rejected" else None,
            "reason_code": chance.choice(REASONS) if status in ENDS and not expired else None,
            "reason_side": chance.choice(["source", "target"]) if status in ENDS and not expired else None,
            "business_status": "expired" if expired or (status == "entered-in-error" and not was_accepted) else None,
            "answer_seen_at": answered_at if chance.random() < 0.5 else None,
            "closed_at": answered_at if status in ENDS[:4] and chance.random() < 0.5 else None,
            "working_time_to_answer": None,
        }
    )


@pytest.fixture
async def town(platform: Platform) -> Town:
    """The town of these tests."""
    return await town_closed_in_july(platform)


async def town_closed_in_july(platform: Platform) -> Town:
    """A town in which one organisation was closed in July."""
    made = await small_town(platform)
    await made.facts.organization("business-kuopio", organization_id=made.business, closures=(CLOSED,))
    await platform.settle()
    return made


async def filled(platform: Platform, town: Town, seed: int, count: int = 400) -> list[Referral]:
    """Random referrals, as a version has left them that did not write down how long answers took; then measured."""
    sent = await sent_referral(platform, town)
    chance = Random(seed)
    async with platform.owners["referral"].transaction() as tx:
        like = await tx.get_one(Referral, UUID(sent["id"]))
        tx.insert(*(random_referral(chance, like, town) for _ in range(count)))
    job = AnswerTimes(platform.databases["referral"], Outbox("referral"), platform.vault, platform.clock)
    while await job.step():
        pass
    async with platform.owners["referral"].transaction() as tx:
        return await tx.all(select(Referral).where(col(Referral.sent_at).is_not(None)))


def within(rows: Iterable[Referral], last: date = LAST) -> list[Referral]:
    """Those that were sent in the period."""
    return [row for row in rows if row.sent_at and FIRST <= day_in_kuopio(row.sent_at) <= last]


def hours_of(rows: Iterable[Referral], working: bool, town: Town) -> list[float]:
    """How long each answer took, reckoned from its times."""
    spans = []
    for row in rows:
        answered_at = row.accepted_at or row.declined_at
        if row.sent_at and answered_at:
            closures = [CLOSED] if row.target_organization_id == town.business else []
            spans.append(working_time(row.sent_at, answered_at, closures) if working else answered_at - row.sent_at)
    return [span / timedelta(hours=1) for span in spans]


def still_open(rows: Iterable[Referral]) -> int:
    return sum(is_open(Status(row.status), was_sent=True, is_closed=row.closed_at is not None) for row in rows)


def late(rows: Iterable[Referral], now: datetime) -> int:
    return sum(row.status == "requested" and row.respond_by is not None and row.respond_by <= now for row in rows)


def rounded(hours: Sequence[float], digits: int) -> float | None:
    return round(median(hours), digits) if hours else None


def overview_row(rows: list[Referral], now: datetime, town: Town) -> JSON:
    """What the overview says of an organisation."""
    waiting = [row.sent_at for row in rows if row.sent_at and row.status == "requested"]
    return {
        "sent": len(rows),
        "by_status": dict(Counter(row.status for row in rows)),
        "waiting": len(waiting),
        "overdue": late(rows, now),
        "oldest_waiting_since": min(waiting, default=None),
        "not_closed": still_open(rows),
        "answers_unseen": sum(attention_to(row) is Attention.ANSWER_UNSEEN for row in rows),
        "median_hours_to_answer": rounded(hours_of(rows, False, town), 2),
        "decline_reasons": dict(Counter(row.reason_code for row in rows if row.status == "rejected")),
    }


def figures(rows: list[Referral], now: datetime, town: Town) -> JSON:
    """What the figures of the overview say of some referrals."""
    right = [row for row in rows if row.status != "entered-in-error"]
    status = Counter(row.status for row in right)
    expired = sum(row.business_status == "expired" for row in right)
    return {
        "sent": len(rows),
        "waiting": status["requested"],
        "overdue": late(right, now),
        "accepted": sum(row.accepted_at is not None for row in right),
        "declined": status["rejected"],
        "completed": status["completed"],
        "failed": status["failed"],
        "cancelled": status["cancelled"] - expired,
        "expired": expired,
        "not_closed": still_open(right),
        "median_hours_to_answer": rounded(hours_of(right, False, town), 2),
        "decline_reasons": dict(Counter(row.reason_code for row in right if row.status == "rejected")),
    }


def reported(rows: list[Referral], town: Town) -> JSON:
    """What a report says of some referrals."""
    hours = hours_of(rows, True, town)
    return {
        "sent": len(rows),
        "accepted": sum(row.accepted_at is not None for row in rows),
        "declined": sum(row.declined_at is not None for row in rows),
        "completed": sum(row.status == "completed" for row in rows),
        "cancelled_or_expired": sum(row.status == "cancelled" for row in rows),
        "not_closed": still_open(rows),
        "median_working_hours_to_answer": rounded(hours, 1) if len(hours) >= 5 else None,
    }


def cut_of(row: Referral, cuts: Sequence[str]) -> tuple[str, ...]:
    """What tells a referral apart from those of other rows."""
    assert row.sent_at is not None
    values = {
        "source": str(row.source_organization_id),
        "target": str(row.target_organization_id),
        "service": str(row.service_id),
        "month": f"{day_in_kuopio(row.sent_at):%Y-%m}",
    }
    return tuple(values[cut] for cut in cuts)


def shown(row: JSON, name: str) -> Any:
    return row[name]["id"] if isinstance(row[name], dict) else row[name]


async def fetch(platform: Platform, town: Town, path: str) -> JSON:
    answer = await at_work(platform, town.coordinator).client.get(path)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


@pytest.mark.parametrize("seed", [1, 2])
async def test_the_overview_and_its_figures_are_a_plain_count(platform: Platform, town: Town, seed: int) -> None:
    rows = within(await filled(platform, town, seed))
    now = platform.clock()
    found = await fetch(platform, town, f"/overview?{PERIOD}")
    assert (found["first"], found["last"], found["total"]) == (str(FIRST), str(LAST), len(rows))
    for shown_row in found["contents"]:
        target = UUID(shown_row.pop("organization")["id"])
        of = [row for row in rows if row.target_organization_id == target]
        if shown_row["oldest_waiting_since"]:
            shown_row["oldest_waiting_since"] = datetime.fromisoformat(shown_row["oldest_waiting_since"])
        assert shown_row == overview_row(of, now, town)
    for cuts in (["month"], ["source", "target"], ["service", "month"], ["source", "target", "service", "month"]):
        found = await fetch(platform, town, f"/overview/figures?{PERIOD}" + "".join(f"&by={cut}" for cut in cuts))
        assert found["total"] == figures(rows, now, town)
        assert found["left_out"] == 0
        groups = {tuple(shown(row, cut) for cut in cuts): row for row in found["contents"]}
        assert groups.keys() == {cut_of(row, cuts) for row in rows}
        for key, row in groups.items():
            counted = {name: value for name, value in row.items() if name in found["total"]}
            assert counted == figures([each for each in rows if cut_of(each, cuts) == key], now, town)


async def test_of_too_many_rows_the_largest_are_there_and_the_rest_in_the_total(platform: Platform, town: Town) -> None:
    rows = within(await filled(platform, town, 4))
    query = f"/overview/figures?{PERIOD}&by=source&by=month"
    whole, some = await fetch(platform, town, query), await fetch(platform, town, f"{query}&limit=7")
    assert (len(some["contents"]), some["left_out"]) == (7, len(whole["contents"]) - 7)
    assert some["total"] == whole["total"] == figures(rows, platform.clock(), town)
    assert [row for row in whole["contents"] if row in some["contents"]] == some["contents"], "in the same order"
    least = min(row["sent"] for row in some["contents"])
    assert all(row["sent"] <= least for row in whole["contents"] if row not in some["contents"])
    coordinator = at_work(platform, town.coordinator).client
    *_, others, total = (await coordinator.get(f"{query}&limit=7&format=csv")).text.splitlines()
    told = sum(row["sent"] for row in some["contents"])
    assert (others.split(",")[0], total.split(",")[0]) == ("others", "total")
    assert str(len(rows) - told) in others.split(",")
    problem(await coordinator.get(f"{query}&limit=10001"), 422, "invalid")


@pytest.mark.parametrize("seed", [1, 2])
async def test_each_row_of_a_report_is_a_plain_count(platform: Platform, town: Town, seed: int) -> None:
    sent = within(await filled(platform, town, seed, 250), last_of_month(LAST))
    rows = [row for row in sent if row.status != "entered-in-error"]
    for cuts in (["organization"], ["language"], ["service", "month"], ["language", "month"], ["month"]):
        asked = "".join(f"&by={cut}" for cut in cuts)
        found = await fetch(platform, town, f"/report?from={FIRST}&to={LAST}{asked}")
        total = {name: value for name, value in found["total"].items() if name != "blanked"}
        assert total == reported(rows, town)
        assert found["contents"], "there is enough to show"
        for row in found["contents"]:
            first, last = (date.fromisoformat(row["period"][name]) for name in ("first", "last"))
            held = [
                each
                for each in rows
                if each.sent_at
                and first <= day_in_kuopio(each.sent_at) <= last
                and (row["organization"] is None or row["organization"]["id"] == str(each.target_organization_id))
                and (row["service"] is None or row["service"]["id"] == str(each.service_id))
                and row["language"] in (None, each.language)
            ]
            assert {name: row[name] for name in total} == reported(held, town)


async def test_without_a_period_it_is_a_year_and_says_so(platform: Platform, town: Town) -> None:
    today = day_in_kuopio(platform.clock())
    for path in ("/overview", "/overview/figures"):
        found = await fetch(platform, town, path)
        assert (found["first"], found["last"]) == (str(today - timedelta(days=364)), str(today))
        only_end = await fetch(platform, town, f"{path}?to=2024-02-29")
        assert (only_end["first"], only_end["last"]) == ("2023-03-02", "2024-02-29")
        only_start = await fetch(platform, town, f"{path}?from=2020-01-01")
        assert (only_start["first"], only_start["last"]) == ("2020-01-01", str(today))
    report = await fetch(platform, town, "/report?to=2024-02-10")
    assert (report["first"], report["last"]) == ("2023-03-01", "2024-02-29")
    assert date.fromisoformat((await fetch(platform, town, "/report"))["first"]).day == 1


async def test_an_answer_is_measured_when_it_is_given_by_the_closures_known_then(
    platform: Platform, town: Town
) -> None:
    desk = at_work(platform, town.desk)
    sent = await sent_referral(platform, town)
    await desk.done("accept", await desk.read(sent["id"]))
    query = "SELECT working_time_to_answer FROM referrals WHERE id = :id"
    kept = await platform.scalar("referral", query, id=sent["id"])
    assert kept is not None
    always = Closure(starts_on=date(2020, 1, 1), ends_on=date(2030, 1, 1))
    await town.facts.organization("business-kuopio", organization_id=town.business, closures=(always,))
    await platform.settle()
    await desk.done("start", await desk.read(sent["id"]))
    assert await platform.scalar("referral", query, id=sent["id"]) == kept
    declined = await sent_referral(platform, town)
    await desk.done("decline", await desk.read(declined["id"]), {"reason": {"code": "no_capacity"}})
    assert await platform.scalar("referral", query, id=declined["id"]) == 0, "no time has passed where nobody works"
    waiting = await sent_referral(platform, town)
    assert await platform.scalar("referral", query, id=waiting["id"]) is None
    assert {Status(waiting["status"])} <= OPEN
