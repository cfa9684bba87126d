"""Referring in a browser, with scripts and without: found as one types, written, sent, and counted."""

import re
from dataclasses import dataclass

import pytest
from playwright.async_api import Page, expect

from tests.browser import Windows
from tests.journeys.running import ADVISER

pytestmark = pytest.mark.journey
REASON = "Etsii työtä omalta alaltaan."
SOUGHT = "yritysneuvonta"
FIELDS, KEYSTROKES, CLICKS = 4, len(SOUGHT) + len(REASON) + 6, 4
"""The most that the shortest referral takes, from the start page until it is sent: a word to find the service is typed,
and the reason; the rest is a key to get to each field, the client's language, and Enter
"""


@dataclass
class Effort:
    """What a person does: fields filled, keys pressed, clicks."""

    page: Page
    fields: int = 0
    keystrokes: int = 0
    clicks: int = 0

    async def click(self, selector: str) -> None:
        await self.page.locator(selector).first.click()
        self.clicks += 1

    async def type(self, selector: str, text: str) -> None:
        await self.page.locator(selector).focus()
        await self.page.keyboard.type(text)
        self.fields += 1
        self.keystrokes += len(text) + 1  # and one to get there


@pytest.mark.parametrize("javascript", [True, False])
async def test_the_shortest_referral_is_short(windows: Windows, *, javascript: bool) -> None:
    page = await windows.signed_in(ADVISER, javascript=javascript)
    effort = Effort(page)
    await page.goto("/services")
    effort.clicks += 1  # the link in the head of every page
    await effort.type("#query", SOUGHT)
    await page.keyboard.press("Enter")
    effort.keystrokes += 1
    await page.wait_for_url(f"**/services?query={SOUGHT}*")
    await effort.click("#hits .hit:has-text('Business Kuopio') .button")
    await page.wait_for_url("**/refer?**")
    said = await page.locator("#draft-state").inner_text()
    assert bool(said.strip()) is javascript  # only a script keeps what is typed before the form is sent
    await effort.type("[name='client.language']", "ar")
    await effort.type("[name='reason']", REASON)
    await effort.click("label[for='allows']")
    effort.fields += 1
    await effort.click("#send-button")
    await page.wait_for_url("**/sent")
    await expect(page.locator("h1")).to_have_text("Ohjaus on lähetetty")
    assert effort.fields <= FIELDS
    assert effort.keystrokes <= KEYSTROKES
    assert effort.clicks <= CLICKS


async def test_a_service_is_found_as_one_types(windows: Windows) -> None:
    page = await windows.signed_in(ADVISER)
    await page.goto("/services")
    every = await page.locator("#found-title").inner_text()
    await page.locator("#query").press_sequentially("yritysneuvonta", delay=20)
    await expect(page.locator("#found-title")).not_to_have_text(every)
    await expect(page.locator("#hits h3").first).to_have_text("Yritysneuvonta")
    await expect(page.locator("#query")).to_be_focused()  # nothing moved under the hands
    assert page.url.endswith("/services?query=yritysneuvonta")
    await page.reload()
    await expect(page.locator("#query")).to_have_value("yritysneuvonta")


async def test_without_scripts_a_service_is_found_with_a_button(windows: Windows) -> None:
    page = await windows.signed_in(ADVISER, javascript=False)
    await page.goto("/services")
    await page.locator("#query").fill("yritysneuvonta")
    await page.locator("#find button[type=submit]").click()
    await expect(page.locator("#hits h3").first).to_have_text("Yritysneuvonta")


async def _begin(page: Page) -> None:
    await page.goto("/services?query=yritysneuvonta")
    await page.locator("#hits .button").first.click()
    await page.wait_for_url("**/refer?**")


async def test_a_draft_is_kept_from_the_first_field_on(windows: Windows) -> None:
    page = await windows.signed_in(ADVISER)
    await _begin(page)
    await page.locator("[name='client.language']").select_option("ar")
    await expect(page.locator("#draft-state")).to_contain_text("tallennettu")
    address = page.url
    assert re.search(r"/refer/[0-9a-f-]{36}$", address)
    await page.locator("[name='reason']").fill(REASON)
    await page.locator("[name='client.email']").fill("no address")
    await page.locator("[name='client.name']").fill("Esimerkki")
    await expect(page.locator("#told-email")).to_contain_text("Tämä ei ole sähköpostiosoite")
    await expect(page.locator("#desk-sees")).to_contain_text("Esimerkki")
    await page.locator("[name='reason']").fill("tunnus 131052-308T")
    await page.locator("[name='client.name']").focus()
    await expect(page.locator("#told-reason")).to_contain_text("henkilötunnus")
    await page.goto(address)  # as after the browser was closed
    await expect(page.locator("[name='client.name']")).to_have_value("Esimerkki")
    await expect(page.locator("[name='client.email']")).to_have_value("")


@pytest.mark.parametrize("javascript", [True, False])
async def test_a_draft_is_amended_on_a_phone_and_sent(windows: Windows, *, javascript: bool) -> None:
    page = await windows.signed_in(ADVISER, javascript=javascript, width=320, height=640)
    await _begin(page)
    await page.locator("[name='reason']").fill("Kesken")
    await page.locator("#keep-button").click()
    await page.wait_for_url(re.compile(r"/refer/[0-9a-f-]{36}$"))
    await page.locator("#send-button").click()
    await expect(page.locator("#problems")).to_be_focused()
    await page.locator("#problems a").first.click()
    await expect(page.locator("[name='client.language']")).to_be_focused()
    await page.locator("[name='client.language']").select_option("uk")
    await page.locator("label[for='allows']").click()
    await page.locator("#send-button").click()
    await page.wait_for_url("**/sent")
    await expect(page.locator("#slip > div")).to_have_attribute("lang", "uk")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth") if javascript else True


async def test_the_client_of_before_is_found_and_chosen(windows: Windows) -> None:
    page = await windows.signed_in(ADVISER)
    await _begin(page)
    await page.locator("[name='client.language']").select_option("so")
    await page.locator("[name='client.name']").fill("Toinen Esimerkki")
    await page.locator("[name='reason']").fill(REASON)
    await page.locator("label[for='allows']").click()
    await page.locator("#send-button").click()
    await page.wait_for_url("**/sent")
    await page.locator("#again").click()
    await page.locator("#query").fill("kompassi")
    await page.locator("#find button[type=submit]").click()
    await page.wait_for_url("**/services?query=kompassi*")  # no button of the list before, which is on its way out
    await page.locator("#hits button").first.click()
    await page.wait_for_url(re.compile(r"/refer/[0-9a-f-]{36}$"))
    await expect(page.locator("[name='client.name']")).to_have_value("Toinen Esimerkki")
    await _begin(page)
    await page.locator("#find-client summary").click()
    await page.locator("#find").fill("esimerkki toinen")
    await page.locator("#find").press("Enter")
    await page.locator("#found-clients button").first.click()
    await expect(page.locator("[name='client.language']")).to_have_value("so")
