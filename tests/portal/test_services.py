"""Services in the portal: found as one types, and shown with all that an adviser needs."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from services.portal import texts
from services.portal.pages.services import facts
from tests.builders import Someone, small_town
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.flows.test_catalog_details import DETAILS, MATCHING
from tests.platform import Platform
from tests.portal.signed_in import portal_client
from tests.portal.unknown_filters import unknown_filter

ADVISER = "adviser@navigaattori.example"


async def _town(platform: Platform) -> tuple[Kuopio, Someone]:
    town = await kuopio(platform)
    await platform.settle()
    return town, town.people[ADVISER]


def _hits(page: str) -> list[str]:
    return re.findall(r'<h3><a href="/services/([a-z-]+)[^"]*">', page)


@pytest.mark.parametrize("name", ["target_group", "organization_type", "language"])
async def test_a_filter_that_nobody_knows_is_said_and_taken_off(platform: Platform, name: str) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.adviser) as browser:
        page = await browser.get("/services", params={name: "nonsense", "accepting": "true"})
        assert page.status_code == 200, page.text
        assert unknown_filter(page) == ("nonsense", "/services?accepting=true")


async def test_a_service_is_found_by_what_the_client_needs(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "fi") as browser:
        page = (await browser.get("/services", params={"query": "yrityksen perustaminen"})).text
    assert _hits(page)
    assert "” löytyi " in page  # why
    assert "Vapaita paikkoja on" in page
    assert "Vastaa viimeistään 2 työpäivässä" in page
    assert re.search(r'href="/refer\?service=[0-9a-f-]{36}"', page)


async def test_a_slip_of_the_keys_is_told_and_can_be_undone(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "fi") as browser:
        page = (await browser.get("/services", params={"query": "savvonia"})).text
        assert "Kirjoitit ”savvonia”" in page
        exactly = re.search(r'href="(/services\?[^"]*exactly=true[^"]*)"', page)
        assert exactly is not None
        again = (await browser.get(exactly[1].replace("&amp;", "&"))).text
        assert "Kirjoitit" not in again


async def test_nothing_found_says_what_to_do(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "sv") as browser:
        page = (await browser.get("/services", params={"query": "zzzzqqq"})).text
    assert "Ingen tjänst hittades" in page
    assert 'href="/services"' in page


async def test_filters_stay_and_say_how_many_there_are(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "en") as browser:
        page = (await browser.get("/services", params={"language": "en", "accepting": "true"})).text
        none = (await browser.get("/services", params={"language": "ckb"})).text
    assert re.search(r'<option value="en" selected>English \(\d+\)</option>', page)
    assert '<option value="ckb" selected>ckb (0)</option>' in none
    assert re.search(r'name="accepting" value="true" checked', page)


async def test_a_service_shows_all_that_is_known_of_it(platform: Platform) -> None:
    town, adviser = await _town(platform)
    boss = await town.enter_admin("north-savo-talent-hub")
    assert (await town.change("PATCH", MATCHING, DETAILS, who=boss)).status_code == 200
    closed = {"closures": [{"starts_on": "2026-12-24", "ends_on": "2026-12-26", "note": {"fi": "Joulu"}}]}
    organization = (await town.read(MATCHING))["organization_id"]
    assert (await town.change("PUT", f"/organizations/{organization}/closures", closed, who=boss)).status_code == 200
    async with portal_client(platform, adviser, "fi") as browser:
        page = (await browser.get(MATCHING)).text
    for shown in (
        *('href="tel:+35817182000"', "alanumero 12", "Vaihde", "ma, pe klo 09.00–15.30", "Päivystävä palveluneuvoja"),
        *("on-call@talenthub.example", "Pohjois-Savo", "Kurssi, 12,50", "Opiskelijat, 0", "Passi", "18–65-vuotiaat"),
        *(
            "Neuvonta on maksutonta.",
            "Tulkki varataan etukäteen.",
            "24.12.2026–26.12.2026: Joulu",
            "Ohjaa tähän palveluun",
        ),
    ):
        assert shown in page, shown


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
async def test_the_words_that_the_search_gives_as_an_example_find_something(platform: Platform, language: str) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, language) as browser:
        hint = re.search(
            r'id="query-hint">[^<]*?(?:esimerkiksi|exempel|such as) ([^<]*)\.<', (await browser.get("/services")).text
        )
        assert hint is not None
        page = (await browser.get("/services", params={"query": hint[1]})).text
    assert _hits(page)
    assert texts.text("services.find.unknown", language, words="").rstrip(" .") not in page


async def test_who_only_came_to_search_types_at_once(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "fi") as browser:
        assert re.search(r'<input id="query"[^>]* autofocus', (await browser.get("/services")).text)
        assert "autofocus" not in (await browser.get("/services?query=cv")).text


@pytest.mark.parametrize("opened", ["/services/{slug}", "/refer?service={id}"], ids=["service", "refer"])
async def test_the_way_back_leads_to_what_was_searched(platform: Platform, opened: str) -> None:
    _, adviser = await _town(platform)
    searched = "/services?query=yritys&language=en"
    async with portal_client(platform, adviser, "fi") as browser:
        found = (await browser.get(searched)).text
        service = re.search(r'href="/refer\?service=([0-9a-f-]{36})"', found)
        assert service is not None
        path = opened.format(slug=_hits(found)[0], id=service[1])
        page = (await browser.get(path, headers={"Referer": f"http://localhost:8000{searched}"})).text
        plain = (await browser.get(path)).text
    assert '<a class="back" href="/services?query=yritys&amp;language=en"' in page
    assert '<a class="back" href="/services"' in plain


async def test_where_nobody_receives_referrals_nobody_is_led_to_referring(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "fi") as browser:
        page = (await browser.get("/services", params={"query": "päiväkoti"})).text
        [slug] = _hits(page)
        shown = (await browser.get(f"/services/{slug}")).text
    for each in (page, shown):
        assert "Kukaan ei ota nyt vastaan ohjauksia" in each
        assert "/refer?" not in each


async def test_what_a_service_does_not_mention_is_said_in_one_line(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "fi") as browser:
        page = (await browser.get("/services", params={"query": "yritys zzzzqqq wwwwqqq"})).text
    assert "Ei mainintaa: ”zzzzqqq” ja ”wwwwqqq”" in page


async def test_who_refers_nobody_is_not_led_to_referring(platform: Platform) -> None:
    town, _ = await _town(platform)
    async with portal_client(platform, town.people["coordinator@kuopio.example"], "en") as browser:
        for path in ("/services", MATCHING):
            assert "/refer?" not in (await browser.get(path)).text


async def test_a_service_that_is_not_there_is_a_page_with_a_way_out(platform: Platform) -> None:
    _, adviser = await _town(platform)
    async with portal_client(platform, adviser, "en") as browser:
        answer = await browser.get("/services/no-such-service")
    assert answer.status_code == 404
    assert "There is no such page" in answer.text


@pytest.mark.parametrize(
    ("service", "said"),
    [
        ({"facts_status": "unknown"}, "Answers within 2 working days"),
        ({"facts_status": "unknown", "response_days": 1}, "Answers within 1 working day"),
        (
            {"facts_status": "shown", "facts": {"median_working_hours_to_answer": 12}},
            "Usually answers within the working day",
        ),
        (
            {"facts_status": "shown", "facts": {"median_working_hours_to_answer": 24}},
            "Usually answers in 1 working day",
        ),
        (
            {"facts_status": "shown", "facts": {"median_working_hours_to_answer": 30}},
            "Usually answers in 2 working days",
        ),
        ({"facts_status": "shown", "facts": {}}, "Answers within 2 working days"),
    ],
)
def test_the_answer_time_is_what_is_published_or_promised(service: Mapping[str, Any], said: str) -> None:
    assert facts.answer_time(service, "en") == said


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ({"byday": "MO,TU,WE,TH,FR", "opens_at": "09:00+02:00", "closes_at": "15:30+02:00"}, "ma–pe klo 09.00–15.30"),
        ({"byday": "MO,WE", "opens_at": "12:00", "closes_at": "00:00"}, "ma, ke klo 12.00–00.00"),
        ({"description": "Sopimuksen mukaan"}, "Sopimuksen mukaan"),
        ({"byday": "-1TH", "description": "Kuun lopussa"}, "kuukauden viimeinen torstai Kuun lopussa"),
        (
            {"freq": "MONTHLY", "byday": "1TU,3TU,2SA"},
            "kuukauden ensimmäinen ja kolmas tiistai ja kuukauden toinen lauantai",
        ),
        ({"freq": "MONTHLY", "bymonthday": "1,15"}, "kuukauden päivinä 1,15"),
        (
            {"freq": "WEEKLY", "byday": "TU", "interval": 2, "dtstart": "2026-12-01"},
            "ti 2 viikon välein 1.12.2026 alkaen",
        ),
    ],
)
def test_opening_hours_are_written_as_people_write_them(schedule: Mapping[str, Any], said: str) -> None:
    assert facts.opening(schedule, "fi") == said


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ({"amount": 12.5, "currency": "EUR", "option": "Course"}, "Course, €12.50"),
        ({"amount": 0, "currency": "EUR", "option": "Students"}, "Students, €0"),
        ({"amount_description": "by income"}, "by income"),
    ],
)
def test_costs_are_written_as_people_write_them(option: Mapping[str, Any], said: str) -> None:
    assert facts.cost(option, "en") == said
