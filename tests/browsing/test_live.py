"""What others do is seen without a reload, in every window, and nothing moves under the pointer."""

import asyncio
from typing import Any

import pytest
from playwright.async_api import Page, expect

from tests.browser import Windows
from tests.journeys.running import ADVISER, DESK, Running

pytestmark = pytest.mark.journey


async def say(platform: Running, email: str, referral_id: str, words: str) -> None:
    """Write a message to the other side."""
    await asyncio.to_thread(_say, platform, email, referral_id, words)


def _say(platform: Running, email: str, referral_id: str, words: str) -> None:
    with platform.client("referral", email) as client:
        answer = client.post(f"/referrals/{referral_id}/messages", json={"text": words})
        assert answer.status_code == 201, answer.text


def accept(platform: Running, referral_id: str) -> str:
    """The desk accepts; returns the referral's reference."""
    with platform.client("referral", DESK) as client:
        seen = client.get(f"/referrals/{referral_id}")
        answer = client.post(f"/referrals/{referral_id}/accept", headers={"If-Match": seen.headers["ETag"]})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["reference"])


async def unseen(page: Page) -> int:
    """The count in the window's title."""
    title = await page.title()
    return int(title[1:].partition(")")[0].rstrip("+")) if title.startswith("(") else 0


async def listening(page: Page) -> None:
    """Wait until the window, or another one of its browser, hears what happens."""
    while await page.evaluate("latest") is None:
        await page.wait_for_timeout(50)


@pytest.fixture
def referral(running_portal: Running) -> Any:
    """A referral that was just sent."""
    return running_portal.refer()


async def test_a_message_appears_in_every_window_of_a_browser(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    front = await windows.signed_in(DESK)
    await front.goto(f"/referrals/{referral}")
    back = await front.context.new_page()
    await back.goto(f"/referrals/{referral}")
    for page in (front, back):
        await page.mouse.move(0, 0)
        await listening(page)
    before = await unseen(front)
    await say(running_portal, ADVISER, referral, "Asiakas voi tulla vasta perjantaina.")
    for page in (front, back):
        await expect(page.locator("#said")).to_contain_text("vasta perjantaina")
        await expect(page).to_have_title(f"({before + 1}) " + (await page.title()).partition(") ")[2])
        await expect(page.locator("#status")).not_to_be_empty()


async def test_nothing_moves_while_somebody_points_or_writes(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    page = await windows.signed_in(DESK)
    await page.goto(f"/referrals/{referral}")
    await listening(page)
    await page.locator("#text").fill("Kirjoitan juuri")
    await say(running_portal, ADVISER, referral, "Lisätieto")
    await expect(page.locator("#live-news")).to_be_visible()
    await expect(page.locator("#said")).not_to_contain_text("Lisätieto")
    await page.locator("#live-news").click()
    await expect(page.locator("#said")).to_contain_text("Lisätieto")
    assert await page.locator("#text").input_value() == "Kirjoitan juuri"
    await expect(page.locator("#live-news")).to_be_hidden()


async def test_an_open_referral_stays_as_it_is_when_another_one_changes(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    page = await windows.signed_in(DESK)
    await page.goto(f"/referrals/{referral}")
    await listening(page)
    await page.locator("#text").fill("Kirjoitan juuri")
    before = await unseen(page)
    other = await asyncio.to_thread(running_portal.refer)
    while await unseen(page) == before:
        await page.wait_for_timeout(50)
    await expect(page.locator("#live-news")).to_be_hidden()
    assert other != referral


async def test_when_the_window_that_listens_is_closed_another_takes_over(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    first = await windows.signed_in(DESK)
    second = await first.context.new_page()
    for page in (first, second):
        await page.goto(f"/referrals/{referral}")
        await listening(page)
    await first.close()
    await second.mouse.move(0, 0)
    await say(running_portal, ADVISER, referral, "Toinen ikkuna kuulee")
    await expect(second.locator("#said")).to_contain_text("Toinen ikkuna kuulee")


async def test_a_new_referral_appears_in_the_desk_s_queue_and_ticks_stay(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    await asyncio.to_thread(running_portal.refer)  # where there is more than one, some can be chosen
    page = await windows.signed_in(DESK)
    await page.goto("/desk?queue=new&sort=-sent_at")
    await page.locator(f"#pick-{referral}").check()
    await page.mouse.move(0, 0)
    await page.evaluate("document.activeElement.blur()")
    await listening(page)
    another = await asyncio.to_thread(running_portal.refer)
    await expect(page.locator(f"#accept-{another}")).to_be_visible()
    await expect(page.locator(f"#pick-{referral}")).to_be_checked()


async def test_an_answer_appears_on_the_adviser_s_start_page(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    page = await windows.signed_in(ADVISER)
    await page.goto("/")
    await page.mouse.move(0, 0)
    await listening(page)
    reference = await asyncio.to_thread(accept, running_portal, referral)
    await expect(page.locator("#notices")).to_contain_text(reference)


async def test_the_stream_ends_quietly_with_the_session_and_lets_others_listen(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    page = await windows.signed_in(DESK)
    await page.goto(f"/referrals/{referral}")
    await listening(page)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    other = await page.context.new_page()
    await other.goto("/account")
    await other.locator("#sign-out").evaluate("button => button.form.requestSubmit()")
    await other.wait_for_url("**/")
    await say(running_portal, ADVISER, referral, "Hei hei")  # now it is seen that the session has ended
    await page.wait_for_function("navigator.locks.query().then(({ held }) => held.length === 0)", timeout=60_000)
    assert said == []


def _unseen_answers(platform: Running) -> set[str]:
    with platform.client("referral", ADVISER) as client:
        found = client.get("/referrals", params={"box": "sent", "unseen_answers": "true", "limit": 100})
        return {each["id"] for each in found.json()["contents"]}


async def test_what_a_window_shows_while_nobody_is_at_it_is_not_looked_at_until_somebody_comes(
    windows: Windows, running_portal: Running, referral: str
) -> None:
    page = await windows.signed_in(ADVISER)
    await page.add_init_script("window.isThere = false; document.hasFocus = () => window.isThere")
    await page.goto(f"/referrals/{referral}")
    await page.mouse.move(0, 0)
    await listening(page)
    await asyncio.to_thread(_decline, running_portal, referral)
    await expect(page.locator("#status")).not_to_be_empty()  # it is shown
    assert referral in await asyncio.to_thread(_unseen_answers, running_portal)
    async with page.expect_response(lambda answer: answer.url.endswith(referral)):
        await page.evaluate("window.isThere = true; window.dispatchEvent(new Event('focus'))")
    assert referral not in await asyncio.to_thread(_unseen_answers, running_portal)


def _decline(platform: Running, referral_id: str) -> None:
    with platform.client("referral", DESK) as client:
        seen = client.get(f"/referrals/{referral_id}")
        headers = {"If-Match": seen.headers["ETag"]}
        body = {"reason": {"code": "no_capacity"}}
        answer = client.post(f"/referrals/{referral_id}/decline", json=body, headers=headers)
        assert answer.status_code == 200, answer.text
