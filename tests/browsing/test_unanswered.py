"""While an API is away, a script that keeps what is typed says so on the page, and takes nothing from it."""

import pytest
from playwright.async_api import Route, expect

from tests.browser import Windows
from tests.journeys.running import ADVISER, Running

pytestmark = pytest.mark.journey


async def test_what_is_not_kept_in_passing_is_said_and_stays(windows: Windows, running_portal: Running) -> None:
    page = await windows.signed_in(ADVISER)
    await page.goto("/services?query=yritys")
    await page.locator("a[href^='/refer?service=']").first.click()

    async def unanswered(route: Route) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, status=503)

    await page.route("**/refer", unanswered)
    await page.locator("#reason").fill("Sanoja, joita ei saa kadota")
    async with page.expect_response(lambda answer: answer.status == 503):
        await page.locator("#shareable_note").click()
    await expect(page.locator("#draft-fields input[name=draft]")).to_have_count(1)  # what the answer says is shown
    await expect(page.locator("#reason")).to_have_value("Sanoja, joita ei saa kadota")
    windows.complaints.clear()  # the browser tells of the 503
