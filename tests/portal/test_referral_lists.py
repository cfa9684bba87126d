"""Lists of what one's own organisation has referred: queues, filters, order, pages, references; and a client's own."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx2
import pytest
import pytest_asyncio

from tests.builders import Town, small_town
from tests.platform import Platform
from tests.portal.signed_in import portal_client
from tests.portal.unknown_filters import unknown_filter
from tests.referring import CLIENT, JSON, Desk, at_work, new_referral, sent_referral


@pytest.fixture
async def town(platform: Platform) -> Town:
    return await small_town(platform)


@pytest_asyncio.fixture
async def browser(platform: Platform, town: Town) -> AsyncIterator[httpx2.AsyncClient]:
    """The adviser's browser."""
    async with portal_client(platform, town.adviser) as client:
        yield client


def rows_of(page: httpx2.Response) -> list[str]:
    """The ids of the referrals that a page lists, in its order."""
    return re.findall(r'id="referral-([0-9a-f-]+)"', page.text)


def counts_of(page: httpx2.Response) -> dict[str, str]:
    """The numbers beside the queues, by the queue in their addresses."""
    found = re.findall(
        r'href="/referrals\?queue=(\w+)"[^>]*><span>[^<]*</span>\s*<span class="count[^"]*">([^<]*)<', page.text
    )
    return dict(found)


async def declined(platform: Platform, town: Town) -> JSON:
    """A referral that the desk has declined."""
    sent, desk = await sent_referral(platform, town), at_work(platform, town.desk)
    return await desk.done("decline", await desk.read(sent["id"]), {"reason": {"code": "no_capacity"}})


async def test_queues_have_their_counts_and_hold_what_they_say(
    platform: Platform, town: Town, browser: httpx2.AsyncClient
) -> None:
    sent, refused = await sent_referral(platform, town), await declined(platform, town)
    draft = (await at_work(platform, town.adviser).refer(new_referral(town, send=False))).json()
    page = await browser.get("/referrals")
    assert rows_of(page) == [draft["id"], refused["id"], sent["id"]]
    counts = counts_of(page)
    assert (counts["drafts"], counts["declined"], counts["answers_unseen"], counts["waiting"]) == ("1", "1", "1", "1")
    for queue, expected in (("declined", refused), ("waiting", sent), ("drafts", draft)):
        listed = await browser.get(f"/referrals?queue={queue}")
        assert rows_of(listed) == [expected["id"]]
        assert f'href="/referrals?queue={queue}" aria-current="page"' in listed.text
    assert CLIENT["name"] not in page.text


async def test_filters_and_order_stay_from_page_to_page(
    platform: Platform, town: Town, browser: httpx2.AsyncClient
) -> None:
    made = [(await sent_referral(platform, town))["id"] for _ in range(27)]
    first = await browser.get("/referrals?status=requested&sort=sent_at")
    following = unescape(re.search(r'href="([^"]+)" rel="next"', first.text)[1])  # type: ignore[index]
    assert following.startswith("/referrals?status=requested&sort=sent_at&after=")
    second = await browser.get(following)
    assert rows_of(first) + rows_of(second) == made
    assert 'rel="next"' not in second.text
    back = re.search(r'href="([^"]+)" rel="first"', second.text)
    assert back
    assert unescape(back[1]) == "/referrals?status=requested&sort=sent_at"


async def test_a_column_turns_its_order_round(platform: Platform, town: Town, browser: httpx2.AsyncClient) -> None:
    await sent_referral(platform, town)
    plain = await browser.get("/referrals?queue=waiting")
    assert 'href="/referrals?queue=waiting&amp;sort=respond_by"' in plain.text
    ordered = await browser.get("/referrals?queue=waiting&sort=respond_by")
    assert 'aria-sort="ascending"' in ordered.text
    assert 'href="/referrals?queue=waiting&amp;sort=-respond_by"' in ordered.text


async def test_a_reference_leads_to_its_referral_as_people_type_it(
    platform: Platform, town: Town, browser: httpx2.AsyncClient
) -> None:
    sent = await sent_referral(platform, town)
    typed = sent["reference"].removeprefix("KUO-").replace("-", "").lower()
    answer = await browser.get("/referrals", params={"reference": typed})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/referrals/{sent['id']}")


async def test_a_slip_in_a_reference_is_said_and_kept(
    platform: Platform, town: Town, browser: httpx2.AsyncClient
) -> None:
    sent = await sent_referral(platform, town)
    wrong = sent["reference"][:-1] + ("2" if sent["reference"][-1] != "2" else "3")
    slip = await browser.get("/referrals", params={"reference": wrong})
    assert slip.status_code == 422
    assert f'value="{wrong}"' in slip.text
    assert 'id="reference-error"' in slip.text


async def test_a_reference_of_others_is_not_found(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    async with portal_client(platform, town.bystander) as browser:
        none = await browser.get("/referrals", params={"reference": sent["reference"]})
    assert none.status_code == 200
    assert "There is no such referral" in none.text


async def test_an_empty_list_says_what_to_do(browser: httpx2.AsyncClient) -> None:
    nothing = await browser.get("/referrals")
    assert "There are no referrals yet" in nothing.text
    assert 'href="/services"' in nothing.text
    assert "Nothing is here right now" in (await browser.get("/referrals?queue=declined")).text


@pytest.mark.parametrize("query", ["queue=nothing", "status=nothing", "sort=name", "unknown=1", "queue=&status=&sort="])
async def test_what_an_address_asks_for_and_nobody_knows_narrows_nothing(
    platform: Platform, town: Town, browser: httpx2.AsyncClient, query: str
) -> None:
    sent = await sent_referral(platform, town)
    page = await browser.get(f"/referrals?{query}")
    assert (page.status_code, rows_of(page)) == (200, [sent["id"]])


async def test_a_clients_referrals_stand_together_and_are_not_looked_at(
    platform: Platform, town: Town, browser: httpx2.AsyncClient
) -> None:
    refused = await declined(platform, town)
    client_id = await client_of(at_work(platform, town.adviser), refused)
    other = await sent_referral(platform, town, client=..., client_id=client_id, service_id=str(town.guidance))
    await sent_referral(platform, town, client={"language": "uk"})
    page = await browser.get(f"/clients/{client_id}")
    assert rows_of(page) == [other["id"], refused["id"]]
    assert CLIENT["name"] in page.text
    assert CLIENT["name"] not in re.search(r"<title>.*?</title>", page.text, re.DOTALL)[0]  # type: ignore[index]
    assert f'href="/services?like={other["id"]}"' in page.text
    attention = (await at_work(platform, town.adviser).client.get("/referrals?unseen_answers=true")).json()["contents"]
    assert [each["id"] for each in attention] == [refused["id"]], "the answer was not looked at"


async def client_of(adviser: Desk, referral: JSON) -> Any:
    """The id of a referral's client, found without opening the referral."""
    found = await adviser.client.post("/clients/search", json={"reference": referral["reference"]})
    return found.json()["contents"][0]["id"]


async def test_a_client_of_others_is_not_found(platform: Platform, town: Town) -> None:
    sent = await sent_referral(platform, town)
    stranger = await town.facts.member("adviser@kompassi.example", town.kompassi, "adviser")
    await platform.settle()
    async with portal_client(platform, stranger) as browser:
        assert (await browser.get(f"/clients/{sent['client']['id']}")).status_code == 404


@pytest.mark.parametrize("wrong", ["queue", "status"])
async def test_a_filter_that_nobody_knows_is_said_and_taken_off(
    platform: Platform, town: Town, browser: httpx2.AsyncClient, wrong: str
) -> None:
    sent = await sent_referral(platform, town)
    page = await browser.get("/referrals", params={wrong: "nonsense", "sort": "sent_at"})
    assert (page.status_code, rows_of(page)) == (200, [sent["id"]])
    assert unknown_filter(page) == ("nonsense", "/referrals?sort=sent_at")
    assert 'aria-current="page"' in page.text.partition('id="counted"')[2].partition("</ul>")[0]


async def test_an_order_that_nobody_knows_is_said_and_taken_off(
    platform: Platform, town: Town, browser: httpx2.AsyncClient
) -> None:
    sent = await sent_referral(platform, town)
    page = await browser.get("/referrals", params={"status": "requested", "sort": "nonsense"})
    assert (page.status_code, rows_of(page)) == (200, [sent["id"]])
    assert unknown_filter(page) == ("nonsense", "/referrals?status=requested")
    async with portal_client(platform, town.desk) as desk:
        assert unknown_filter(await desk.get("/desk?sort=nonsense")) == ("nonsense", "/desk?queue=new")
