"""Figures of the overview: who sends how much to whom, by service and by month, for coordinators alone."""

import codecs
import csv
import io
from typing import Any

import pytest
from sqlalchemy import text

from tests.builders import Town, small_town
from tests.platform import Platform
from tests.referring import CLIENT, JSON, SECRETS, at_work, problem, sent_referral


async def fetch(platform: Platform, town: Town, query: str = "") -> JSON:
    """Figures as the coordinator gets them."""
    answer = await at_work(platform, town.coordinator).client.get(f"/overview/figures?{query}")
    assert answer.status_code == 200, answer.text
    assert not [secret for secret in (*SECRETS, CLIENT["name"]) if secret in answer.text]
    found: JSON = answer.json()
    return found


@pytest.fixture
async def town(platform: Platform) -> Town:
    """A town with three referrals to Business Kuopio: declined, overdue, completed; and one to Kompassi, expired."""
    made = await small_town(platform)
    desk = at_work(platform, made.desk)
    declined, late, done = [await sent_referral(platform, made) for _ in range(3)]
    expired = await sent_referral(platform, made, service_id=str(made.guidance))
    await desk.done("decline", await desk.read(declined["id"]), {"reason": {"code": "no_capacity"}})
    accepted = await desk.done("accept", await desk.read(done["id"]))
    await desk.done("complete", accepted, {"outcome": {"code": "enrolled"}})
    async with platform.databases["referral"].transaction() as tx:
        overdue = "UPDATE referrals SET respond_by = now() - interval '1 hour' WHERE id = :id"
        await tx.execute(text(overdue), {"id": late["id"]})
        gone = "UPDATE referrals SET status = 'cancelled', business_status = 'expired' WHERE id = :id"
        await tx.execute(text(gone), {"id": expired["id"]})
        await tx.execute(text("UPDATE referrals SET sent_at = CAST('2026-11-02T09:00Z' AS timestamptz)"))
        await tx.execute(
            text("UPDATE referrals SET accepted_at = sent_at + interval '3 hours' WHERE accepted_at > '1970-1-1'")
        )
        await tx.execute(
            text("UPDATE referrals SET declined_at = sent_at + interval '5 hours' WHERE declined_at > '1970-1-1'")
        )
        october = "UPDATE referrals SET sent_at = CAST('2026-10-31T22:30Z' AS timestamptz) WHERE id = :id"
        await tx.execute(text(october), {"id": expired["id"]})
    return made


def shown(row: dict[str, Any]) -> dict[str, Any]:
    """What a row counts, without what is zero."""
    return {name: value for name, value in row.items() if value not in (0, None, {}) and not isinstance(value, dict)}


async def test_the_flow_between_organisations_is_counted(platform: Platform, town: Town) -> None:
    found = await fetch(platform, town, "by=source&by=target")
    assert found["by"] == ["source", "target"]
    flows = {(row["source"]["name"]["en"], row["target"]["name"]["en"]): row for row in found["contents"]}
    business = flows["navigaattori (en)", "business kuopio (en)"]
    assert business["decline_reasons"] == {"no_capacity": 1}
    assert shown(business) == {
        "sent": 3,
        "waiting": 1,
        "overdue": 1,
        "accepted": 1,
        "declined": 1,
        "completed": 1,
        "not_closed": 3,
        "median_hours_to_answer": 4.0,
    }
    assert shown(flows["navigaattori (en)", "kompassi (en)"]) == {"sent": 1, "expired": 1, "not_closed": 1}
    assert len(flows) == 2
    assert found["total"]["sent"] == 4


async def test_months_are_those_of_kuopio_and_come_in_order(platform: Platform, town: Town) -> None:
    found = await fetch(platform, town)
    assert found["by"] == ["month"]
    assert [(row["month"], row["sent"]) for row in found["contents"]] == [("2026-11", 4)], "22:30 UTC is past midnight"
    services = await fetch(platform, town, "by=service&by=month&from=2026-11-02")
    assert [(row["service"]["id"], row["month"], row["sent"]) for row in services["contents"]] == [
        (str(town.advice), "2026-11", 3)
    ]


async def test_an_error_is_sent_and_nothing_else(platform: Platform, town: Town) -> None:
    adviser = at_work(platform, town.adviser)
    for row in (await adviser.client.get("/referrals?status=requested&status=rejected")).json()["contents"]:
        await adviser.done("mark-error", await adviser.read(row["id"]), {"reason": {"code": "missing_information"}})
    total = (await fetch(platform, town))["total"]
    assert (total["sent"], total["waiting"], total["overdue"], total["declined"]) == (4, 0, 0, 0)
    assert (total["decline_reasons"], total["median_hours_to_answer"], total["not_closed"]) == ({}, 3.0, 2)


@pytest.mark.parametrize(("separator", "delimiter", "median"), [("comma", ",", "4.0"), ("semicolon", ";", "4,0")])
async def test_as_csv_each_row_is_a_line_and_the_total_the_last(
    platform: Platform, town: Town, separator: str, delimiter: str, median: str
) -> None:
    coordinator = at_work(platform, town.coordinator).client
    answer = await coordinator.get(f"/overview/figures?by=target&by=month&format=csv&separator={separator}")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="figures.csv"'
    assert answer.content.startswith(codecs.BOM_UTF8)
    lines = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=delimiter))
    assert [line["target_en"] for line in lines] == ["business kuopio (en)", "kompassi (en)", ""]
    assert (lines[0]["month"], lines[0]["sent"], lines[0]["declined_no_capacity"]) == ("2026-11", "3", "1")
    assert lines[0]["median_hours_to_answer"] == median
    assert (lines[-1]["target_id"], lines[-1]["sent"]) == ("total", "4")
    by_header = await coordinator.get("/overview/figures", headers={"Accept": "text/csv"})
    assert by_header.headers["Content-Type"].startswith("text/csv")


async def test_figures_are_for_coordinators(platform: Platform, town: Town) -> None:
    for who in (town.adviser, town.desk):
        problem(await at_work(platform, who).client.get("/overview/figures"), 403, "forbidden")
    problem(await platform.client("referral").get("/overview/figures"), 401, "unauthenticated")
    problem(await at_work(platform, town.coordinator).client.get("/overview/figures?by=language"), 422, "invalid")
