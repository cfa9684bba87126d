"""The coordinator's report over HTTP: counted by what is asked for, in fives at least, as JSON and as CSV."""

import codecs
import csv
import io
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from tests.builders import Town, small_town
from tests.platform import Platform
from tests.referring import SECRETS, at_work, new_referral, problem

JSON = dict[str, Any]
MONTH_OF_SENDING = "UPDATE referrals SET sent_at = CAST(:at AS timestamptz), accepted_at = CAST(:at AS timestamptz) \
    + (accepted_at - sent_at) WHERE id = :id"


async def send(platform: Platform, town: Town, service: Any, count: int, language: str = "ar", month: int = 11) -> None:
    """Referrals to a service, as sent on the second day of a month of 2026."""
    adviser = at_work(platform, town.adviser)
    for _ in range(count):
        made = await adviser.refer(new_referral(town, service_id=str(service), client={"language": language}))
        assert made.status_code == 201, made.text
        async with platform.databases["referral"].transaction() as tx:
            moved = {"at": datetime(2026, month, 2, 9, tzinfo=UTC), "id": made.json()["id"]}
            await tx.execute(text(MONTH_OF_SENDING), moved)


async def fetch(platform: Platform, town: Town, query: str) -> JSON:
    """A report as the coordinator gets it."""
    answer = await at_work(platform, town.coordinator).client.get(f"/report?{query}")
    assert answer.status_code == 200, answer.text
    assert not [secret for secret in SECRETS if secret in answer.text]
    found: JSON = answer.json()
    return found


def table(report: JSON, dimension: str) -> dict[str, int | None]:
    """What a report by one dimension shows of each."""
    rows = {}
    for row in report["contents"]:
        named = row[dimension] if dimension == "language" else row[dimension]["name"]["en"]
        assert row["blanked"] is False
        rows[named] = row["sent"]
    return rows


async def test_what_was_sent_is_counted_by_organisation_service_and_language(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    await send(platform, town, town.advice, 6, "ar")
    await send(platform, town, town.guidance, 7, "fa")
    for row in (await desk.client.get("/referrals?box=received")).json()["contents"]:
        await desk.done("accept", await desk.read(row["id"]))
    by_organization = await fetch(platform, town, "from=2026-01-01&to=2026-12-31")
    assert table(by_organization, "organization") == {"business kuopio (en)": 6, "kompassi (en)": 7}
    assert by_organization["total"]["sent"] == 13
    business = next(row for row in by_organization["contents"] if row["sent"] == 6)
    figures = ("accepted", "declined", "completed", "cancelled_or_expired", "not_closed")
    assert [business[name] for name in figures] == [6, 0, 0, 0, 6]
    assert business["median_working_hours_to_answer"] is not None
    assert business["organization"]["name"] == {
        "fi": "business kuopio (fi)",
        "sv": "business kuopio (sv)",
        "en": "business kuopio (en)",
    }
    assert table(await fetch(platform, town, "by=language&from=2026-01-01&to=2026-12-31"), "language") == {
        "ar": 6,
        "fa": 7,
    }
    by_service = await fetch(platform, town, "by=service&from=2026-01-01&to=2026-12-31")
    assert table(by_service, "service") == {
        "advice for starting a business (en)": 6,
        "guidance and counselling (en)": 7,
    }
    both = await fetch(platform, town, "by=organization&by=language&from=2026-01-01&to=2026-12-31")
    assert [(row["language"], row["sent"]) for row in both["contents"]] == [("ar", 6), ("fa", 7)]
    assert (both["by"], both["k"], both["first"], both["last"]) == (
        ["organization", "language"],
        5,
        "2026-01-01",
        "2026-12-31",
    )


async def test_below_five_a_row_is_blanked_and_no_other_gives_it_away(platform: Platform) -> None:
    town = await small_town(platform)
    await send(platform, town, town.advice, 4, "ar")
    await send(platform, town, town.guidance, 5, "fa")
    await send(platform, town, town.guidance, 9, "uk")
    shown = await fetch(platform, town, "by=language&from=2026-01-01&to=2026-12-31")
    assert table(shown, "language") == {"uk": 9}, "the total less 9 and 5 would be 4"
    assert shown["total"]["sent"] == 18
    by_organization = await fetch(platform, town, "from=2026-01-01&to=2026-12-31")
    assert table(by_organization, "organization") == {}


async def test_too_few_look_like_none_at_all(platform: Platform) -> None:
    town = await small_town(platform)
    query = "from=2026-01-01&to=2026-12-31"
    cuts = ("", "&by=service", "&by=language", "&by=month&by=organization", "&format=csv&by=service")
    client = at_work(platform, town.coordinator).client
    nothing = [(await client.get(f"/report?{query}{cut}")).text for cut in cuts]
    for _ in range(4):
        await send(platform, town, town.advice, 1)
        assert [(await client.get(f"/report?{query}{cut}")).text for cut in cuts] == nothing
    shown = await fetch(platform, town, query)
    assert (shown["contents"], shown["total"]["blanked"], shown["total"]["sent"]) == ([], True, None)
    await send(platform, town, town.advice, 1)
    assert (await fetch(platform, town, query))["total"]["sent"] == 5


async def test_periods_are_widened_before_anything_is_blanked(platform: Platform) -> None:
    town = await small_town(platform)
    await send(platform, town, town.advice, 5, month=1)
    await send(platform, town, town.advice, 2, month=2)
    await send(platform, town, town.advice, 6, month=7)
    await send(platform, town, town.guidance, 5, month=3)
    shown = await fetch(platform, town, "by=service&by=month&from=2026-01-01&to=2026-11-30")
    periods = [
        (row["service"]["name"]["en"][:6], row["period"]["kind"], row["period"]["last"], row["sent"])
        for row in shown["contents"]
    ]
    assert sorted(periods) == [
        ("advice", "month", "2026-07-31", 6),
        ("advice", "quarter", "2026-03-31", 7),
        ("guidan", "month", "2026-03-31", 5),
    ]
    year = await fetch(platform, town, "by=month&from=2026-02-01&to=2026-06-30")
    assert [(row["period"]["kind"], row["period"]["first"], row["sent"]) for row in year["contents"]] == [
        ("quarter", "2026-02-01", 7)
    ]


async def test_mistakes_count_nowhere_and_drafts_neither(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    await send(platform, town, town.advice, 6)
    await adviser.refer(new_referral(town, send=False))
    (newest, *_) = (await adviser.client.get("/referrals?box=sent&status=requested")).json()["contents"]
    await adviser.done("mark-error", newest, {"reason": {"code": "other", "text": "the wrong client"}})
    assert (await fetch(platform, town, "by=service"))["total"]["sent"] == 5


@pytest.mark.parametrize(
    ("query", "accept", "as_csv"),
    [
        ("format=csv", "application/json", True),
        ("", "text/csv", True),
        ("", "application/json;q=0.5, text/csv", True),
        ("", "text/csv;q=0.5, application/json", False),
        ("format=json", "text/csv", False),
        ("", "*/*", False),
        ("", "text/csv;q=high", False),
    ],
)
async def test_the_form_is_chosen_by_address_or_header(
    platform: Platform, query: str, accept: str, as_csv: bool
) -> None:
    town = await small_town(platform)
    client = platform.client("referral", town.coordinator, Accept=accept)
    answer = await client.get(f"/report?{query}")
    assert answer.status_code == 200, answer.text
    kind = answer.headers["content-type"]
    assert kind == ("text/csv; charset=utf-8; header=present" if as_csv else "application/json")
    assert answer.headers["vary"] == "Accept"


async def test_csv_is_read_back_as_it_was_counted_and_starts_no_formula(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.organization('=HYPERLINK("x", "Kuopio, keskus")', organization_id=town.business)
    await platform.settle()
    await send(platform, town, town.advice, 6)
    await send(platform, town, town.guidance, 5)
    query = "by=organization&by=service&by=month&from=2026-11-01&to=2026-11-30"
    answer = await at_work(platform, town.coordinator).client.get(f"/report?{query}&format=csv")
    assert answer.content.startswith(codecs.BOM_UTF8), "or Excel takes it for another encoding"
    raw = answer.content.decode("utf-8-sig")
    assert raw.count("\r\n") == raw.count("\n") == 4, "RFC 4180: lines end in CRLF"
    *rows, total = csv.DictReader(io.StringIO(raw, newline=""))
    by_id = {row["organization_id"]: row for row in rows}
    assert by_id[str(town.business)]["organization_fi"] == '\'=HYPERLINK("x", "Kuopio, keskus") (fi)'
    assert by_id[str(town.business)]["service_sv"] == "advice for starting a business (sv)"
    shown = await fetch(platform, town, query)
    assert [(row["period"], row["first"], int(row["sent"])) for row in rows] == [
        (row["period"]["kind"], row["period"]["first"], row["sent"]) for row in shown["contents"]
    ]
    assert (total["period"], total["sent"], total["blanked"], total["organization_id"]) == ("total", "11", "false", "")


async def test_csv_for_excel_in_finland_has_semicolons_and_decimal_commas(platform: Platform) -> None:
    town = await small_town(platform)
    desk = at_work(platform, town.desk)
    await send(platform, town, town.advice, 6)
    for row in (await desk.client.get("/referrals?box=received")).json()["contents"]:
        await desk.done("accept", await desk.read(row["id"]))
    client = at_work(platform, town.coordinator).client
    told = {}
    for separator, sign in (("comma", ","), ("semicolon", ";")):
        raw = (await client.get(f"/report?format=csv&separator={separator}")).content.decode("utf-8-sig")
        (row, total) = csv.DictReader(io.StringIO(raw, newline=""), delimiter=sign)
        assert (row["organization_fi"], row["sent"], total["sent"]) == ("business kuopio (fi)", "6", "6")
        told[separator] = row["median_working_hours_to_answer"]
    assert told["semicolon"] == told["comma"].replace(".", ",") != ""
    problem(await client.get("/report?format=csv&separator=tab"), 422, "invalid")


async def test_the_report_is_for_coordinators_and_refuses_nonsense(platform: Platform) -> None:
    town = await small_town(platform)
    for who in (town.adviser, town.desk):
        problem(await at_work(platform, who).client.get("/report"), 403, "forbidden")
    coordinator = at_work(platform, town.coordinator).client
    problem(await coordinator.get("/report?from=2026-12-01&to=2026-11-01"), 422, "invalid")
    problem(await coordinator.get("/report?by=name"), 422, "invalid")
    empty = (await coordinator.get("/report")).json()
    assert (empty["contents"], empty["total"]["sent"]) == ([], None)


async def test_an_organisation_has_its_own_figures_and_no_others(platform: Platform) -> None:
    town = await small_town(platform)
    await send(platform, town, town.advice, 6, "ar")
    await send(platform, town, town.guidance, 7, "fa")
    admin = await town.facts.member("admin@businesskuopio.example", town.business, "admin")
    theirs = await town.facts.member("admin@navigaattori.example", town.navigaattori, "admin")
    await platform.settle()
    period = "from=2026-01-01&to=2026-12-31"
    for who in (town.desk, admin):
        client = at_work(platform, who).client
        own = (await client.get(f"/report?box=received&{period}")).json()
        assert (own["box"], own["by"], table(own, "service")) == (
            "received",
            ["service"],
            {"advice for starting a business (en)": 6},
        )
        assert own["total"]["sent"] == 6
        by_language = (await client.get(f"/report?box=received&by=language&{period}")).json()
        assert table(by_language, "language") == {"ar": 6}
    for who in (town.adviser, theirs):
        sent = (await at_work(platform, who).client.get(f"/report?box=sent&{period}")).json()
        assert table(sent, "organization") == {"business kuopio (en)": 6, "kompassi (en)": 7}
    as_csv = (await at_work(platform, admin).client.get(f"/report?box=received&{period}&format=csv")).text
    *rows, total = csv.DictReader(io.StringIO(as_csv.removeprefix("\ufeff"), newline=""))
    assert [(row["service_en"], row["sent"]) for row in rows] == [("advice for starting a business (en)", "6")]
    assert total["sent"] == "6"
    nothing = (await at_work(platform, admin).client.get(f"/report?box=sent&{period}")).json()
    assert (nothing["contents"], nothing["total"]["sent"]) == ([], None)


async def test_whose_figures_are_for_whom(platform: Platform) -> None:
    town = await small_town(platform)
    admin = await town.facts.member("admin@kompassi.example", town.kompassi, "admin")
    await platform.settle()
    allowed = {
        town.adviser: {"box=sent"},
        town.desk: {"box=received"},
        town.bystander: {"box=sent", "box=received"},
        admin: {"box=sent", "box=received"},
        town.coordinator: {""},
    }
    for who, may in allowed.items():
        for query in ("", "box=sent", "box=received"):
            answer = await at_work(platform, who).client.get(f"/report?{query}")
            assert answer.status_code == (200 if query in may else 403), (who.email, query)
    problem(await at_work(platform, town.desk).client.get("/report?box=both"), 422, "invalid")
    problem(await at_work(platform, town.desk).client.get("/report?box=sent&by=name"), 403, "forbidden")


async def test_in_ones_own_figures_too_few_look_like_none_at_all(platform: Platform) -> None:
    town = await small_town(platform)
    admin = await town.facts.member("admin@businesskuopio.example", town.business, "admin")
    await platform.settle()
    client = at_work(platform, admin).client
    queries = [f"box=received{more}" for more in ("", "&by=language", "&by=month", "&format=csv", "&from=2026-01-01")]
    nothing = [(await client.get(f"/report?{query}")).text for query in queries]
    for _ in range(4):
        await send(platform, town, town.advice, 1, month=3)
        assert [(await client.get(f"/report?{query}")).text for query in queries] == nothing
    await send(platform, town, town.guidance, 9, month=2)
    assert [(await client.get(f"/report?{query}")).text for query in queries] == nothing, "those of others"
    await send(platform, town, town.advice, 1, month=3)
    shown = (await client.get("/report?box=received&from=2026-01-01")).json()
    assert (shown["first"], shown["total"]["sent"]) == ("2026-01-01", 5)
