"""The start page of a member, the inbox, and how one is told."""

import re
from datetime import timedelta
from html import unescape

import httpx2
import pytest

from shared.clock import KUOPIO, utc_now
from tests.builders import Town, small_town
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform
from tests.portal.signed_in import portal_client, send
from tests.referring import CLIENT, at_work, new_referral, sent_referral


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


def needs_of(page: httpx2.Response, box: str) -> dict[str, str]:
    """What waits for somebody, by the name of the queue, with its number."""
    block = re.search(rf'id="needs-{box}".*?</ul>', page.text, re.DOTALL)
    assert block, f"nothing of {box}"
    return dict(re.findall(r'href="/\w+\?queue=(\w+)"[^>]*><span class="figure">([^<]*)<', block[0]))


async def test_a_coordinator_sees_first_where_referrals_stall(platform: Platform) -> None:
    place = await kuopio(platform)
    await platform.settle()
    async with portal_client(platform, place.people["coordinator@kuopio.example"]) as browser:
        answer = await browser.get("/")
    assert answer.status_code == 200
    block = answer.text.partition('id="needs-coordinating"')[2].partition("</ul>")[0]
    found = dict(re.findall(r'href="([^"]+)"[^>]*><span class="figure">([^<]*)<', block))
    full = found.pop("/overview#full-title")
    assert int(full) > 0
    today = utc_now().astimezone(KUOPIO).date()
    year = f"from={today - timedelta(days=364)}&amp;to={today}"
    assert found == {
        f"/overview/referrals?show=overdue&amp;{year}": "0",
        f"/overview/referrals?show=waiting&amp;{year}": "0",
        f"/overview/referrals?show=not_closed&amp;{year}": "0",
        "/overview#unfound-title": "0",
    }
    assert 'id="needs-sent"' not in answer.text
    assert 'id="needs-received"' not in answer.text


async def test_a_reference_is_broken_over_no_two_lines(platform: Platform, town: Town) -> None:
    referral = await sent_referral(platform, town)
    await platform.settle()
    async with portal_client(platform, town.desk) as browser:
        whole = f'<span class="nowrap" translate="no">{referral["reference"]}</span>'
        for path in ("/", "/notices"):
            page = (await browser.get(path)).text
            assert page.count(whole) == page.count(referral["reference"]) > 0, path


async def test_an_adviser_sees_what_needs_them_first(platform: Platform, town: Town) -> None:
    desk = at_work(platform, town.desk)
    sent = await sent_referral(platform, town)
    await at_work(platform, town.adviser).refer(new_referral(town, send=False))
    await desk.done("decline", await desk.read(sent["id"]), {"reason": {"code": "no_capacity"}})
    async with portal_client(platform, town.adviser) as browser:
        page = await browser.get("/")
    assert needs_of(page, "sent") == {
        "answers_unseen": "1",
        "declined": "1",
        "expired": "0",
        "unread_messages": "0",
        "drafts": "1",
    }
    assert 'href="/referrals?queue=answers_unseen" class="waiting"' in page.text
    assert 'href="/referrals?queue=expired" class="waiting"' not in page.text
    assert CLIENT["name"] not in page.text


async def test_a_desk_sees_what_waits_for_it(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    await platform.settle()
    async with portal_client(platform, town.desk) as browser:
        page = await browser.get("/")
    assert needs_of(page, "received")["new"] == "1"
    assert needs_of(page, "received")["unassigned"] == "1"
    assert 'href="/desk?queue=new"' in page.text
    assert 'id="notice-' in page.text


async def test_where_nothing_waits_the_page_says_so(platform: Platform, town: Town) -> None:
    async with portal_client(platform, town.adviser) as browser:
        page = await browser.get("/")
    assert "Nothing waits for you" in page.text
    assert 'href="/services"' in page.text


def ids_of(page: httpx2.Response) -> list[str]:
    """The notices that a page shows, in its order."""
    return re.findall(r'id="notice-([0-9a-f-]+)"', page.text)


async def test_opening_a_notice_marks_it_seen_and_leads_to_the_referral(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    await platform.settle()
    async with portal_client(platform, town.desk) as browser:
        page = await browser.get("/notices?unseen=true")
        [notice] = ids_of(page)
        answer = await send(browser, f"/notices/{notice}")
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/referrals/{sent['id']}")
        assert ids_of(await browser.get("/notices?unseen=true")) == []
        everything = await browser.get("/notices")
        assert ids_of(everything) == [notice]
        assert f'href="/referrals/{sent["id"]}"' in everything.text


@pytest.mark.parametrize("script", [{}, {"Luotsi-Live": "1"}, {"HX-Request": "true"}], ids=["person", "live", "htmx"])
async def test_opening_a_referral_from_anywhere_takes_its_notices_off_the_count(
    platform: Platform, town: Town, script: dict[str, str]
) -> None:
    sent, other = [await sent_referral(platform, town) for _ in range(2)]
    await platform.settle()
    async with portal_client(platform, town.desk) as browser:
        assert len(ids_of(await browser.get("/notices?unseen=true"))) == 2
        await browser.get(f"/referrals/{sent['id']}", headers=script)
        left = await browser.get("/notices?unseen=true")
    assert (sent["reference"] in left.text) == bool(script), "what a script fetches nobody has seen"
    assert other["reference"] in left.text


async def test_answering_in_the_row_takes_its_notice_off_the_count(platform: Platform, town: Town) -> None:
    sent, other = [await sent_referral(platform, town) for _ in range(2)]
    await platform.settle()
    async with portal_client(platform, town.desk) as browser:
        chosen = {"command": "accept", "chosen": f"{sent['id']}:{sent['version']}"}
        assert (await send(browser, "/desk/answers", **chosen)).status_code == 303
        left = await browser.get("/notices?unseen=true")
    assert sent["reference"] not in left.text
    assert other["reference"] in left.text


async def test_all_notices_are_marked_at_once_up_to_the_newest_that_was_shown(platform: Platform, town: Town) -> None:
    for _ in range(3):
        await sent_referral(platform, town)
    await platform.settle()
    async with portal_client(platform, town.desk) as browser:
        shown = await browser.get("/notices")
        await sent_referral(platform, town)
        await platform.settle()
        form = re.search(r'<form[^>]*action="/notices/seen".*?</form>', shown.text, re.DOTALL)
        assert form
        fields = dict(re.findall(r'name="([^"]+)" value="([^"]*)"', form[0]))
        assert (await browser.post("/notices/seen", data=fields)).status_code == 303
        assert len(ids_of(await browser.get("/notices?unseen=true"))) == 1


async def test_somebody_elses_notice_is_not_found(platform: Platform, town: Town) -> None:
    await sent_referral(platform, town)
    await platform.settle()
    async with portal_client(platform, town.desk) as browser:
        [notice] = ids_of(await browser.get("/notices"))
    async with portal_client(platform, town.bystander) as browser:
        assert (await send(browser, f"/notices/{notice}")).status_code == 404
        page = await browser.get("/notices")
        assert "There are no notices yet" in page.text


async def test_preferences_are_shown_and_chosen(platform: Platform, town: Town) -> None:
    async with portal_client(platform, town.desk) as browser:
        page = await browser.get("/notices/settings")
        assert re.search(r'<input type="checkbox" id="email"[^>]* checked', page.text)
        assert town.desk.email in unescape(page.text)
        answer = await send(browser, "/notices/settings", language="sv")
        assert answer.headers["Location"] == "/notices/settings?saved=true"
        after = await browser.get(answer.headers["Location"])
        assert not re.search(r'<input type="checkbox" id="email"[^>]* checked', after.text)
        assert re.search(r'value="sv" checked', after.text)
        assert "Saved." in after.text
        await send(browser, "/notices/settings", email="true", language="")
    chosen = (await platform.client("notifications", town.desk).get("/preferences")).json()
    assert (chosen["email"], chosen["language"]) == (True, None)
