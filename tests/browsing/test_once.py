"""A double click does once, and going back and forward sends nothing again."""

import pytest
from playwright.async_api import expect

from tests.browser import Windows
from tests.journeys.running import ADVISER, Running

pytestmark = pytest.mark.journey


@pytest.fixture
def referral(running_portal: Running) -> str:
    """A referral that was just sent."""
    return str(running_portal.refer())


@pytest.mark.parametrize("scripts", [True, False])
async def test_a_message_is_written_once_whatever_is_pressed(windows: Windows, referral: str, scripts: bool) -> None:
    page = await windows.signed_in(ADVISER, javascript=scripts)
    await page.goto(f"/referrals/{referral}")
    await page.locator("#text").fill("Tämä kerran")
    await page.locator("form[action$='/messages'] button").dblclick()
    await page.wait_for_url("**#messages")
    await page.go_back()
    await page.go_forward()
    await page.goto(f"/referrals/{referral}")
    await expect(page.locator("#said").get_by_text("Tämä kerran")).to_have_count(1)
