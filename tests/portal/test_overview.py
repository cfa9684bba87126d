"""The coordinator's pages: what stalls where, with the figures of the API, and nothing about any client."""

import re

import httpx2
import pytest
from sqlalchemy import text

from tests.builders import small_town
from tests.platform import Platform
from tests.portal.seeded import Seeded, seeded_platform
from tests.portal.signed_in import portal_client
from tests.portal.unknown_filters import unknown_filter
from tests.referring import SECRETS, at_work

REFERENCE = re.compile(r"\bKUO-[0-9A-Z]{4}-[0-9A-Z]{2,3}\b")


@pytest.fixture
async def seeded(platform: Platform) -> Seeded:
    """The seeded catalogue, and a referral in each state."""
    return await seeded_platform(platform)


async def test_it_shows_what_was_sent_answered_and_is_late(platform: Platform, seeded: Seeded) -> None:
    coordinator = seeded.people["coordinator"]
    adviser = at_work(platform, seeded.people["adviser"])
    async with platform.owners["referral"].transaction() as tx:
        due = text("UPDATE referrals SET respond_by = now() - interval '1 day' WHERE id = :id")
        await tx.execute(due, {"id": seeded.referrals["requested"]})
    late, declined = [await adviser.read(seeded.referrals[state]) for state in ("requested", "rejected")]
    async with portal_client(platform, coordinator) as browser:
        page = (await browser.get("/overview")).text
        listed = (await browser.get("/overview/referrals")).text
        everything = (await browser.get("/overview/referrals", params={"show": "all"})).text
    figures = dict(re.findall(r"<dt>([^<]+)</dt>\s*<dd>([^<]*)</dd>", page))
    assert (figures["Sent"], figures["Waiting for an answer"], figures["Answer overdue"]) == ("8", "1", "1")
    assert late["reference"] in page
    assert late["reference"] in listed
    assert declined["reference"] not in listed
    assert declined["reference"] in everything
    assert 'class="flow"' in page
    assert "No room" in page
    for shown in (page, listed, everything):
        assert not [secret for secret in SECRETS if secret in shown]


async def test_a_list_that_there_is_not_is_said_and_taken_off(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.coordinator) as browser:
        page = await browser.get("/overview/referrals", params={"show": "nonsense"})
    assert page.status_code == 200
    assert unknown_filter(page) == ("nonsense", "/overview/referrals?show=overdue")


async def test_a_period_is_asked_for_and_a_wrong_one_is_told(platform: Platform, seeded: Seeded) -> None:
    coordinator = seeded.people["coordinator"]
    async with portal_client(platform, coordinator) as browser:
        before = await browser.get("/overview", params={"from": "2020-01-01", "to": "2020-12-31"})
        assert (before.status_code, "No referrals in this period" in before.text) == (200, True)
        for wrong, field in (({"from": "yesterday"}, "from"), ({"from": "2026-03-01", "to": "2026-02-01"}, "to")):
            answer = await browser.get("/overview", params=wrong)
            assert answer.status_code == 422
            assert f'href="#{field}"' in answer.text
            assert f'value="{wrong[field]}"' in answer.text


async def test_a_list_is_of_a_period_too_and_keeps_it(platform: Platform, seeded: Seeded) -> None:
    async with portal_client(platform, seeded.people["coordinator"]) as browser:
        of_all_times = await browser.get("/overview/referrals", params={"show": "all"})
        before = await browser.get(
            "/overview/referrals", params={"show": "all", "from": "2020-01-01", "to": "2020-12-31"}
        )
        wrong = await browser.get("/overview/referrals", params={"from": "yesterday"})
    assert REFERENCE.findall(of_all_times.text)
    assert not REFERENCE.findall(before.text)
    assert 'href="/overview/referrals?show=waiting&amp;from=2020-01-01&amp;to=2020-12-31"' in before.text
    assert (wrong.status_code, 'href="#from"' in wrong.text) == (422, True)


async def test_each_picture_has_its_figures_as_a_file(platform: Platform, seeded: Seeded) -> None:
    coordinator = seeded.people["coordinator"]
    async with portal_client(platform, coordinator, "fi") as browser:
        page = (await browser.get("/overview")).text
        files = set(re.findall(r'href="(/overview/files/[^"]+)"', page))
        assert {file.split("/")[3].partition("?")[0] for file in files} == {"flow", "recipients", "months", "languages"}
        for file in files:
            answer = await browser.get(file.replace("&amp;", "&"))
            assert answer.status_code == 200, answer.text
            assert answer.headers["Content-Type"].startswith("text/csv")
            assert "attachment" in answer.headers["Content-Disposition"]
            headings, *_, total = answer.text.splitlines()
            assert "Lähetetty;" in headings
            assert "_" not in headings, "each in words"
            assert "yhteensä" in total
        assert (await browser.get("/overview/files/nothing")).status_code == 404


@pytest.mark.parametrize("service", ["referral", "catalog"])
async def test_what_an_api_would_show_that_is_away_is_left_out(
    platform: Platform, seeded: Seeded, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    away = httpx2.AsyncClient(transport=httpx2.MockTransport(refuse))
    monkeypatch.setitem(platform.apps["portal"].state.luotsi._http, service, away)
    async with portal_client(platform, seeded.people["coordinator"]) as browser:
        answer = await browser.get("/overview")
    assert answer.status_code == 200
    assert ("cannot be had at the moment" in answer.text) == (service == "referral")
    assert ("Services without room" in answer.text) == (service == "referral")
