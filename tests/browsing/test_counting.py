"""How many characters a text may still have: said beside it as one types, and by its hint without scripts."""

import pytest
from playwright.async_api import Page, expect

from tests.browser import Windows
from tests.journeys.running import ADVISER

pytestmark = pytest.mark.journey
LIMIT = 4000


async def _begin(page: Page) -> None:
    await page.goto("/services?query=yritysneuvonta")
    await page.locator("#hits .button").first.click()
    await page.wait_for_url("**/refer?**")


@pytest.mark.parametrize("name", ["reason", "legal_basis.consent.scope"])
async def test_a_text_says_how_much_is_left_and_tells_it_once_one_pauses(windows: Windows, name: str) -> None:
    page = await windows.signed_in(ADVISER)
    await _begin(page)
    text, left, told = (page.locator(f"[id='{name}{part}']") for part in ("", "-left", "-told"))
    if not await text.is_visible():
        await page.locator(f"details:has([id='{name}']) > summary").last.click()
    await expect(told).to_have_attribute("role", "status")  # which interrupts nobody
    await text.fill("👩🏽 Työtä ")  # told at most once a second, and a space at the end is not kept
    await expect(left).to_have_text("Merkkejä jäljellä: 3 992")
    await expect(left).to_have_attribute("aria-hidden", "true")
    await expect(told).to_have_text("Merkkejä jäljellä: 3 992")
    await text.fill("x" * (LIMIT + 2))
    await expect(left).to_have_text("Merkkejä liikaa: 2")
    await expect(left).to_have_class("hint error")
    await expect(told).to_have_text("Merkkejä liikaa: 2")
    assert len(await text.input_value()) == LIMIT + 2  # nothing that was typed is cut off


async def test_without_scripts_the_hint_has_the_limit(windows: Windows) -> None:
    page = await windows.signed_in(ADVISER, javascript=False)
    await _begin(page)
    for name in ("reason", "legal_basis.consent.scope"):
        assert f"Enintään {LIMIT} merkkiä." in (await page.locator(f"[id='{name}-hint']").text_content() or "")
        assert not await page.locator(f"[id='{name}-left']").is_visible()
