"""Every page that there is, in a browser: accessible by day and by night, on a phone, with large text, and not heavy.

The pages are those of the application's own routes: a new one is looked at from its first day.
"""

import gzip
from collections.abc import AsyncIterator
from typing import Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Page, Response, ViewportSize

from tests.portal.axe import OF_PLACES, violations
from tests.portal.site import SIDEWAYS, WIDE, Site, by_reader, opened, path_of

WHOLE, COMPRESSED = 150_000, 60_000
"""Bytes that a page may weigh with all that it loads"""
SUFFIX: Final = " \N{EN DASH} Luotsi"
NARROW: Final[ViewportSize] = {"width": 320, "height": 640}
TABLET: Final[ViewportSize] = {"width": 768, "height": 1024}
HALF: Final[ViewportSize] = {"width": 640, "height": 800}


async def each_page(site: Site, language: str = "fi") -> AsyncIterator[tuple[Page, str]]:
    """Every page, shown, with its address."""
    async for page, address, _, _ in each_page_watched(site, language):
        yield page, address


async def each_page_watched(
    site: Site, language: str = "fi"
) -> AsyncIterator[tuple[Page, str, list[Response], list[str]]]:
    """Every page, shown, with all that it loaded and what the browser had to say of it."""
    for who, addresses in by_reader(site).items():
        async with site.signed_in(who, language) as context:
            for address in addresses:
                page = await context.new_page()
                loaded, said = _loaded(page), _what_goes_wrong(page)
                await opened(page, site, address if who else f"{address}?lang={language}")
                await page.wait_for_load_state("load")
                if urlsplit(page.url).path == urlsplit(address).path:
                    yield page, address, loaded, said
                await page.close()


def _loaded(page: Page) -> list[Response]:
    """Every answer that a page gets."""
    found: list[Response] = []

    def keep(answer: Response) -> None:
        found.append(answer)

    page.on("response", keep)
    return found


def _what_goes_wrong(page: Page) -> list[str]:
    """What the browser has to say of a page: what is refused by its policy, what fails in a script."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return said


@pytest.mark.parametrize("language", ["fi", "sv", "en"])
async def test_no_page_has_a_fault_that_axe_knows(site: Site, language: str) -> None:
    """By day and by night every rule, from right to left those of places."""
    faults = []
    async for page, address in each_page(site, language):
        faults += [f"{address}: {each}" for each in await violations(page)]
        await page.emulate_media(color_scheme="dark")
        faults += [f"{address} (dark): {each}" for each in await violations(page)]
        await page.evaluate("document.documentElement.dir = 'rtl'")
        faults += [f"{address} (rtl): {each}" for each in await violations(page, *OF_PLACES)]
        await page.emulate_media(color_scheme="light")
    assert faults == []


async def test_no_page_scrolls_sideways(site: Site) -> None:
    """At 768 px, at 320 px in both directions of writing, and at 640 px with text twice as large, as on 1280 px."""
    wide = []
    async for page, address in each_page(site):
        await page.set_viewport_size(TABLET)
        wide += [f"{address} (768 px): {each}" for each in await page.evaluate(SIDEWAYS)]
        await page.set_viewport_size(NARROW)
        wide += [f"{address}: {each}" for each in await page.evaluate(SIDEWAYS)]
        await page.evaluate("document.documentElement.dir = 'rtl'")
        wide += [f"{address} (rtl): {each}" for each in await page.evaluate(SIDEWAYS)]
        await page.set_viewport_size(HALF)
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        wide += [f"{address} (200 %): {each}" for each in await page.evaluate(SIDEWAYS)]
        await page.set_viewport_size(WIDE)
    assert wide == []


async def test_every_page_says_what_it_is_and_is_light(site: Site) -> None:
    """A title of its own, one heading of the first rank, a language; nothing from elsewhere, nothing wrong within."""
    wrong, seen = [], set()
    async for page, address, loaded, said in each_page_watched(site):
        seen.add(path_of(site, page))
        heading, title = await page.locator("h1").all_inner_texts(), await page.title()
        if len(heading) != 1 or not title.endswith(SUFFIX) or title == SUFFIX:
            wrong.append(f"{address}: {title!r}, {heading}")
        if await page.locator("html").get_attribute("lang") != "fi":
            wrong.append(f"{address}: not in Finnish")
        wrong += [f"{address}: {each}" for each in said]
        wrong += [
            f"{address}: {each.url}" for each in loaded if urlsplit(each.url).netloc != urlsplit(site.address).netloc
        ]
        bodies = [await each.body() for each in loaded if each.status == 200]
        whole, compressed = sum(map(len, bodies)), sum(len(gzip.compress(body)) for body in bodies)
        if whole > WHOLE or compressed > COMPRESSED:
            wrong.append(f"{address}: {whole} bytes, {compressed} compressed")
    assert wrong == []
    assert site.routes() - seen == set(), "pages that nobody came to: tests/portal/site.py has to know how"
