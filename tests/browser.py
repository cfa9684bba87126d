"""The browser that tests drive, and windows of it on a portal; what goes wrong in a window fails the test."""

import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pytest
from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    Response,
    async_playwright,
    expect,
)

_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_QUIET: Final = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")
PATIENCE_MS: Final = 90_000
"""So long a page, or what should appear on it, may take on a busy machine"""
_SAID_OF_ANSWERS: Final = "Failed to load resource: the server responded with a status of 4"
"""What Chromium says of a page that tells a person what is wrong, which is as it should be"""

expect.set_options(timeout=PATIENCE_MS)


def find_browser() -> str:
    """The program to start: CHROMIUM, the machine's own, or Playwright's. Ends the run where there is none of them."""
    own = next(filter(None, map(shutil.which, _NAMES)), None)
    kept = Path(os.environ.get("PLAYWRIGHT_BROWSERS_PATH") or Path.home() / ".cache/ms-playwright")
    playwrights = sorted(map(str, kept.glob("chromium-*/chrome-linux*/chrome")))
    found = os.environ.get("CHROMIUM") or own or next(reversed(playwrights), "")
    if not Path(found).is_file():
        missing = f"CHROMIUM names {found}, which is not there" if found else "there is none here"
        raise pytest.UsageError(f"Some of these tests drive a browser, and {missing}. This gets one: make browser")
    return found


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A Chromium without a window. Pages are opened as `localhost`, for that is what passkeys are bound to."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(), args=list(_QUIET))
        try:
            yield browser
        finally:
            await browser.close()


class Windows:
    """Opens windows on the portal at `address`, each with cookies of its own, as if on a machine of its own.

    `complaints` gathers what no page may cause: errors of scripts and of the security policy, files that are missing,
    requests to any other server.
    """

    def __init__(self, browser: Browser, address: str) -> None:
        self._browser = browser
        self._address = address
        self._contexts: list[BrowserContext] = []
        self.complaints: list[str] = []

    async def open(
        self, *, javascript: bool = True, width: int = 1280, height: int = 900, language: str = "fi", **options: Any
    ) -> Page:
        """A window of somebody who is not signed in. `options` are further ones of Playwright's `new_context`."""
        context = await self._browser.new_context(
            base_url=self._address,
            java_script_enabled=javascript,
            viewport={"width": width, "height": height},
            locale=language,
            timezone_id="Europe/Helsinki",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        self._contexts.append(context)
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"error of a script: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)
        return await context.new_page()

    async def signed_in(self, email: str, **options: Any) -> Page:
        """A window in which a seeded account is signed in; `options` are those of `open`."""
        page = await self.open(**options)
        await page.goto("/sign-in")
        await page.get_by_role("button", name=email, exact=True).click()
        await page.wait_for_url(lambda url: urlsplit(url).path != "/sign-in")
        return page

    async def photograph(self, folder: Path) -> list[Path]:
        """Pictures of all pages as they stand."""
        pages = [page for context in self._contexts for page in context.pages]
        paths = [folder / f"window-{number}.png" for number in range(len(pages))]
        for page, path in zip(pages, paths, strict=True):
            await page.screenshot(path=path, full_page=True)
        return paths

    async def close(self) -> None:
        """Close all windows."""
        for context in self._contexts:
            await context.close()

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not message.text.startswith(_SAID_OF_ANSWERS):
            self.complaints.append(f"{message.page.url if message.page else '?'}: {message.text}")

    def _request(self, request: Request) -> None:
        if not request.url.startswith((self._address, "data:", "blob:")):
            self.complaints.append(f"a request to another server: {request.url}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.request.resource_type not in ("document", "fetch", "xhr"):
            self.complaints.append(f"{response.status}: {response.url}")


if __name__ == "__main__":
    try:
        find_browser()
    except pytest.UsageError as error:
        sys.exit(str(error))
