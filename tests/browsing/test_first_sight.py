"""What somebody sees who has started the platform and opens it for the first time."""

import pytest

from tests.browser import Windows
from tests.journeys.running import ADVISER

pytestmark = pytest.mark.journey


@pytest.mark.parametrize("javascript", [True, False])
async def test_from_the_front_page_to_a_day_s_work(windows: Windows, *, javascript: bool) -> None:
    page = await windows.open(javascript=javascript)
    await page.goto("/")
    await page.locator("main a[href^='/sign-in']").first.click()
    await page.get_by_role("button", name=ADVISER, exact=True).click()
    await page.wait_for_url("/")
    assert await page.locator("h1").count() == 1
