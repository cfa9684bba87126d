"""A desk's day in a browser: it answers from the row, from the mail's link and many at once, and passes on."""

import asyncio
import re
from typing import Any
from uuid import uuid4

import pytest
from playwright.async_api import Page

from tests.browser import Windows
from tests.journeys.running import ADVISER, DESK, Running

pytestmark = pytest.mark.journey

JSON = dict[str, Any]
Headers = dict[str, str] | None


@pytest.fixture
def sent(running_portal: Running) -> "Sender":
    return Sender(running_portal)


class Sender:
    """An adviser who refers another client each time, to Business Kuopio."""

    def __init__(self, platform: Running) -> None:
        self._platform = platform

    async def refer(self) -> JSON:
        """A referral that the desk can find."""
        body = {
            "service_id": self._platform.service_of("business-kuopio"),
            "client": {"name": f"Asiakas {uuid4().hex[:6]}", "language": "uk", "contact_via": "adviser"},
            "reason": "Haluaa perustaa yrityksen.",
            "shareable_note": "Paikalla aamupäivisin.",
            "legal_basis": {
                "kind": "consent",
                "consent": {"given_on": "2026-01-02", "how": "oral", "scope": "nimi ja yhteystiedot"},
            },
        }
        return await self._asked("POST", "/referrals", body, {"Idempotency-Key": str(uuid4())})

    async def cancel(self, referral: JSON) -> None:
        """Call it off, as long as nobody has looked at it."""
        body = {"reason": {"code": "client_not_interested"}}
        await self._asked("POST", f"/referrals/{referral['id']}/cancel", body, {"If-Match": f'"{referral["version"]}"'})

    async def status(self, referral: JSON) -> str:
        """How the referral stands, as the adviser sees it."""
        return str((await self._asked("GET", f"/referrals/{referral['id']}"))["status"])

    async def _asked(
        self, method: str, path: str, body: JSON | None = None, headers: dict[str, str] | None = None
    ) -> JSON:
        def ask() -> JSON:
            with self._platform.client("referral", ADVISER) as adviser:
                answer = adviser.request(method, path, json=body, headers=headers or {})
                assert answer.is_success, answer.text
                return dict(answer.json())

        return await asyncio.to_thread(ask)


class Hand:
    """Somebody's hand on a page: it counts what it presses, and what it types."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.clicks = 0
        self.fields = 0
        self.keystrokes = 0

    async def press(self, selector: str) -> None:
        """Press something, and wait for the page that follows."""
        self.clicks += 1
        async with self.page.expect_navigation():
            await self.page.locator(selector).click()

    async def tick(self, selector: str) -> None:
        """Press something that leads nowhere."""
        self.clicks += 1
        await self.page.locator(selector).click()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
async def test_accepted_by_one_click_in_the_row_and_seen_by_the_adviser(
    windows: Windows, sent: Sender, *, javascript: bool
) -> None:
    referral = await sent.refer()
    page = await windows.signed_in(DESK, javascript=javascript)
    await page.goto("/desk?queue=new&sort=-sent_at")
    hand = Hand(page)
    await hand.press(f"#accept-{referral['id']}")
    assert (hand.clicks, hand.fields, hand.keystrokes) == (1, 0, 0)
    told = page.locator("#answered")
    assert referral["reference"] in await told.inner_text()
    await told.get_by_role("link").first.click()
    await page.wait_for_url(f"**/referrals/{referral['id']}")
    assert "Asiakas" in await page.locator("#client").inner_text()
    adviser = await windows.signed_in(ADVISER, javascript=javascript)
    await adviser.goto(f"/referrals/{referral['id']}")
    assert "Hyväksytty" in await adviser.locator("#key-details").inner_text()


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
async def test_accepted_by_two_clicks_from_the_mail(windows: Windows, sent: Sender, *, javascript: bool) -> None:
    """The first is on the link in the mail, which leads to the referral's page."""
    referral = await sent.refer()
    page = await windows.signed_in(DESK, javascript=javascript)
    hand = Hand(page)
    hand.clicks += 1
    await page.goto(f"/referrals/{referral['id']}")
    assert "Paikalla aamupäivisin." in await page.locator("main").inner_text()
    assert "Haluaa perustaa" not in await page.content()
    await hand.press("#step-accept")
    assert (hand.clicks, hand.fields, hand.keystrokes) == (2, 0, 0)
    assert await sent.status(referral) == "accepted"


@pytest.mark.parametrize("where", ["row", "page"])
async def test_declined_by_two_clicks_with_a_reason(windows: Windows, sent: Sender, where: str) -> None:
    referral = await sent.refer()
    page = await windows.signed_in(DESK)
    await page.goto("/desk?sort=-sent_at" if where == "row" else f"/referrals/{referral['id']}")
    hand = Hand(page)
    await hand.press(f"#decline-{referral['id']}" if where == "row" else "#step-decline")
    await hand.press("#decline-no_capacity")
    assert (hand.clicks, hand.fields, hand.keystrokes) == (2, 0, 0)
    assert await sent.status(referral) == "rejected"


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
async def test_a_better_service_is_suggested(windows: Windows, sent: Sender, *, javascript: bool) -> None:
    referral = await sent.refer()
    page = await windows.signed_in(DESK, javascript=javascript)
    await page.goto(f"/referrals/{referral['id']}/decline")
    await page.locator("#suggest > summary").click()
    await page.locator("#query").fill("neuvonta")
    if not javascript:
        await page.locator("#find-go").click()
    await page.locator("#found label").first.click()
    await page.locator("#decline-not_eligible").click()
    await page.wait_for_url("**/referrals/*?done=decline")
    adviser = await windows.signed_in(ADVISER, javascript=javascript)
    await adviser.goto(f"/referrals/{referral['id']}")
    assert await adviser.locator("#step-send-suggested").count() == 1


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
async def test_many_are_accepted_and_what_was_cancelled_meanwhile_is_said(
    windows: Windows, sent: Sender, *, javascript: bool
) -> None:
    fine, gone = await sent.refer(), await sent.refer()
    page = await windows.signed_in(DESK, javascript=javascript)
    await page.goto("/desk?queue=new&sort=-sent_at")
    for each in (fine, gone):
        await page.locator(f"#pick-{each['id']}").check()
    await sent.cancel(gone)
    await page.locator("#bulk-accept").click()
    await page.locator("#problems").wait_for()
    problems = await page.locator("#problems").inner_text()
    assert re.search(rf"{gone['reference']}: Tilanne muuttui sillä välin", problems), problems
    assert fine["reference"] not in problems
    assert fine["reference"] in await page.locator("#answered").inner_text()
    assert (await sent.status(fine), await sent.status(gone)) == ("accepted", "cancelled")


@pytest.mark.parametrize("javascript", [True, False], ids=["scripts", "plain"])
async def test_passed_on_to_another_organisation(windows: Windows, sent: Sender, *, javascript: bool) -> None:
    referral = await sent.refer()
    page = await windows.signed_in(DESK, javascript=javascript)
    await page.goto(f"/referrals/{referral['id']}")
    await page.locator("#step-accept").click()
    await page.locator("#step-forward").click()
    await page.locator("#query").fill("Kompassi")
    if not javascript:
        await page.locator("#find-go").click()
    await page.locator("#found label").first.click()
    await page.locator("#take").click()
    await page.wait_for_url("**/referrals/*?done=forward")
    assert referral["id"] not in page.url
    assert "Ohjasit asiakkaan edelleen." in await page.locator("#done").inner_text()
