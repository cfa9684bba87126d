"""The browser that tests drive: the machine's own Chromium, or the one that Playwright keeps."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import pytest
from playwright.async_api import Browser, Playwright, async_playwright

INSTALL: Final = ".venv/bin/playwright install --with-deps chromium"
_NAMES: Final = ("chromium", "chromium-browser", "google-chrome")
_QUIET: Final = ("--no-sandbox", "--disable-background-networking", "--disable-component-update", "--disable-sync")


def find_browser(playwright: Playwright) -> str:
    """The program to start: BROWSER, the machine's own, or Playwright's. Fails the test where there is none."""
    own = playwright.chromium.executable_path
    found = os.environ.get("BROWSER") or next(filter(None, map(shutil.which, _NAMES)), own)
    if not Path(found).exists():
        pytest.fail(f"These tests drive a browser, and there is none here. This gets one: {INSTALL}")
    return found


@asynccontextmanager
async def running_browser() -> AsyncIterator[Browser]:
    """A Chromium without a window. Pages are opened as `localhost`, for that is what passkeys are bound to."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=find_browser(playwright), args=list(_QUIET))
        try:
            yield browser
        finally:
            await browser.close()
