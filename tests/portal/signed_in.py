"""Browsers of people who are signed in to the portal, for tests: without scripts, and fast."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from tests.builders import Someone
from tests.platform import ISSUER, Platform

FROM_THE_PAGE = {"Sec-Fetch-Site": "same-origin", "Origin": ISSUER}
"""What a browser says of a form that a page of the portal sent"""
_HIDDEN = re.compile(r'<input type="hidden" name="([^"]+)" value="([^"]*)">')


@asynccontextmanager
async def portal_client(
    platform: Platform, who: Someone | None = None, language: str = "en"
) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser in which `who` is signed in; nobody is where it is None. Redirects are not followed."""
    async with platform.browser(**FROM_THE_PAGE, **{"Accept-Language": language}) as browser:
        if who is not None:
            await sign_in(browser, who, language)
        yield browser


async def sign_in(browser: httpx2.AsyncClient, who: Someone, language: str = "en") -> httpx2.Response:
    """Sign in as `who`, in the way that is there for trying things; pages are in `language` then."""
    answer = await browser.post("/sign-in/account?lang=" + language, data={"member_id": str(who.id)})
    assert answer.status_code == 303, answer.text
    return answer


async def csrf_token(browser: httpx2.AsyncClient) -> str:
    """The token that the forms of the browser's session carry."""
    return hidden_fields((await browser.get("/")).text)["csrf_token"]


def hidden_fields(page: str) -> dict[str, str]:
    """The hidden fields of the last form on a page, and what all its forms share."""
    return dict(_HIDDEN.findall(page))


async def send(browser: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    """Send a form as the page at hand would."""
    token = await csrf_token(browser)
    return await browser.post(path, data={"csrf_token": token, **fields})
