"""Every page that there is, in a browser: accessible by day and by night, on a phone, with large text, and not heavy.

The pages are those of the application's own routes: a new one is looked at from its first day.
"""

import gzip
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Response, ViewportSize

from services.portal.texts import LANGUAGES
from tests.portal.axe import violations
from tests.portal.site import SIDEWAYS, WIDE, Site, by_reader, opened

WHOLE, COMPRESSED = 150_000, 60_000
"""Bytes that a page may weigh with all that it loads"""
SUFFIX: Final = " \N{EN DASH} Luotsi"
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
HALF: Final[ViewportSize] = {"width": 640, "height": 800}


def _collect(page: Page, loaded: list[Response]) -> None:
    """Keep every answer that a page gets."""

    def keep(answer: Response) -> None:
        loaded.append(answer)

    page.on("response", keep)


def _what_goes_wrong(page: Page) -> list[str]:
    """What the browser has to say of a page: what is refused by its policy, what fails in a script."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.mark.parametrize("language", LANGUAGES)
async def test_no_page_has_a_fault_that_axe_knows(site: Site, language: str) -> None:
    faults = []
    for who, addresses in by_reader(site).items():
        async with site.signed_in(who, language) as context:
            page = await context.new_page()
            for address in addresses:
                await opened(page, site, address if who else f"{address}?lang={language}")
                for scheme in ("light", "dark"):
                    await page.emulate_media(color_scheme=scheme)
                    faults += [f"{address} ({scheme}): {each}" for each in await violations(page)]
    assert faults == []


async def test_every_page_reads_from_right_to_left_too(site: Site) -> None:
    faults = []
    for who, addresses in by_reader(site).items():
        async with site.signed_in(who) as context:
            page = await context.new_page()
            for address in addresses:
                await opened(page, site, address)
                await page.evaluate("document.documentElement.dir = 'rtl'")
                faults += [f"{address}: {each}" for each in await violations(page)]
                await page.set_viewport_size(NARROW)
                faults += [f"{address}: sideways {each}" for each in await page.evaluate(SIDEWAYS)]
                await page.set_viewport_size(WIDE)
    assert faults == []


@pytest.mark.parametrize("large", [False, True], ids=["phone", "text-200"])
async def test_no_page_scrolls_sideways(site: Site, *, large: bool) -> None:
    """At 320 px, and at 1280 px with text twice as large, which leaves as much room as 640 px."""
    wide = []
    for who, addresses in by_reader(site).items():
        async with site.signed_in(who) as context:
            page = await context.new_page()
            await page.set_viewport_size(HALF if large else NARROW)
            for address in addresses:
                await opened(page, site, address)
                if large:
                    await page.evaluate("document.documentElement.style.fontSize = '200%'")
                wide += [f"{address}: {each}" for each in await page.evaluate(SIDEWAYS)]
    assert wide == []


async def test_no_page_is_heavy_and_none_loads_from_elsewhere(site: Site) -> None:
    heavy = []
    for who, addresses in by_reader(site).items():
        async with site.signed_in(who) as context:
            for address in addresses:
                page = await context.new_page()
                loaded: list[Response] = []
                _collect(page, loaded)
                await opened(page, site, address)
                await page.wait_for_load_state("networkidle")
                assert {urlsplit(each.url).netloc for each in loaded} == {urlsplit(site.address).netloc}
                bodies = [await each.body() for each in loaded if each.status == 200]
                whole, compressed = sum(map(len, bodies)), sum(len(gzip.compress(body)) for body in bodies)
                if whole > WHOLE or compressed > COMPRESSED:
                    heavy.append(f"{address}: {whole} bytes, {compressed} compressed")
                await page.close()
    assert heavy == []


async def test_every_page_says_what_it_is(site: Site) -> None:
    """A title of its own, one heading of the first rank, a language, a way to the content, and nothing wrong within."""
    wrong = []
    for who, addresses in by_reader(site).items():
        async with site.signed_in(who) as context:
            page = await context.new_page()
            said = _what_goes_wrong(page)
            for address in addresses:
                await opened(page, site, address)
                heading, title = await page.locator("h1").all_inner_texts(), await page.title()
                if len(heading) != 1 or not title.endswith(SUFFIX) or title == SUFFIX:
                    wrong.append(f"{address}: {title!r}, {heading}")
                if await page.locator("html").get_attribute("lang") != "fi":
                    wrong.append(f"{address}: not in Finnish")
                wrong += [f"{address}: {each}" for each in said]
                said.clear()
    assert wrong == []
