"""The portal on a real server with something on every page, for a browser to walk through."""

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from playwright.async_api import Browser, BrowserContext, Page, Response, ViewportSize

from tests.browser import PATIENCE_MS
from tests.builders import Someone
from tests.platform import Platform
from tests.portal.routes import portal_routes
from tests.portal.seeded import DESK_STEPS, Seeded, seeded_platform
from tests.web_server import served

NO_PAGES: Final = frozenset(
    {
        *("/static/{digest}/{name}", "/favicon.ico", "/robots.txt", "/.well-known/jwks.json"),
        "/overview/files/{name}",
    }
)
STEPS_OF_SIGNING_IN: Final = frozenset(
    {
        *("/sign-in/link/{token}", "/sign-in/second", "/sign-in/recovery", "/sign-in/organization", "/sign-in/linking"),
        *(
            "/sign-in/at/{slug}",
            "/sign-in/provider/{slug}",
            "/sign-in/provider/answer",
            "/organizations/{organization_id}/sign-in/test",
        ),
        *("/account/prove", "/sign-out/provider"),
    }
)
"""Pages that nobody comes to by their address alone: `tests/browsing/test_sign_in.py` looks at them on the way"""
UNSEEN: Final = (
    NO_PAGES | STEPS_OF_SIGNING_IN | {"/session/kept", "/live", "/organizations/{organization_id}/figures/report.csv"}
)
WITH_QUERY: Final = {
    "/refer": "/refer?service={service_id}",
    "/refer/consent": "/refer/consent?service={service_id}&language=ar",
    "/refer/{referral_id}": "/refer/{draft_id}",
}
"""Pages that are to be had only with a query, or of a draft"""
WIDE: Final[ViewportSize] = {"width": 1280, "height": 800}

SIDEWAYS: Final = """() => {
  const scrolls = document.documentElement.scrollWidth > window.innerWidth;
  const hidden = element => element.closest(".visually-hidden, .skip, .scroll");
  return scrolls ? [...document.body.querySelectorAll("*")].filter(element => !hidden(element)
    && (element.getBoundingClientRect().right > window.innerWidth + 1 || element.getBoundingClientRect().left < -1))
    .slice(0, 4).map(element => element.outerHTML.slice(0, 120)) : [];
}"""
"""What sticks out where a page is wider than its window"""


@dataclass
class Site:
    """The portal on a real server, a browser, and what is in the databases."""

    address: str
    browser: Browser
    seeded: Seeded

    def pages(self) -> list[tuple[str, Someone | None]]:
        """Address and reader of every page, and of those that show more than one thing each of these."""
        found = [
            (self.seeded.address(WITH_QUERY.get(path, path)), self.seeded.person_for(access))
            for method, path, access in portal_routes(self.seeded.platform)
            if method == "GET" and path not in UNSEEN
        ]
        return found + [(address, self.seeded.people[role]) for address, role in self._more()]

    def routes(self) -> set[str]:
        """The paths of all pages that are to be looked at."""
        pages = {path for method, path, _ in portal_routes(self.seeded.platform) if method == "GET"}
        return pages - UNSEEN

    def _more(self) -> Iterator[tuple[str, str]]:
        """Further views of pages: the start page of each role, referrals in each state, lists that are empty."""
        for role in self.seeded.people:
            yield "/", role
        for state, referral_id in self.seeded.referrals.items():
            for role in ("adviser", "recipient") if state != "draft" else ("adviser",):
                yield f"/referrals/{referral_id}", role
        for step, state in (("send", "draft"), ("close", "rejected"), ("send-suggested", "rejected")):
            yield f"/referrals/{self.seeded.referrals[state]}/{step}", "adviser"
        yield "/services?query=ty%C3%B6", "adviser"
        yield "/services?query=xyzzy", "adviser"
        yield "/overview?from=2020-01-01&to=2020-01-31", "coordinator"
        yield "/overview/referrals?show=all", "coordinator"
        for view in ("queue=unassigned&choose=all", "queue=ended", "queue=on_hold", "openness=changed"):
            yield f"/desk?{view}", "recipient"
        for step, state in DESK_STEPS.items():
            yield f"/referrals/{self.seeded.referrals[state]}/{step}", "recipient"

    @asynccontextmanager
    async def signed_in(self, who: Someone | None, language: str = "fi") -> AsyncIterator[BrowserContext]:
        """A browser in which `who` is signed in."""
        context = await self.browser.new_context(viewport=WIDE, locale=language)
        context.set_default_timeout(PATIENCE_MS)
        if who is not None:
            answer = await context.request.post(
                f"{self.address}/sign-in/account?lang={language}",
                form={"member_id": str(who.id), "lang": language},
                headers={"Sec-Fetch-Site": "same-origin"},
                max_redirects=0,
            )
            assert answer.status == 303, await answer.text()
        yield context
        await context.close()


@asynccontextmanager
async def seeded_site(platform: Platform, browser: Browser) -> AsyncIterator[Site]:
    """The portal of `platform`, emptied and seeded anew."""
    await platform.empty()
    seeded = await seeded_platform(platform)
    async with served(platform.apps["portal"]) as address:
        yield Site(address.replace("127.0.0.1", "localhost"), browser, seeded)


async def opened(page: Page, site: Site, address: str) -> Response:
    """A page, shown. An address that leads to another page, as that of a step that is not open, shows that one."""
    answer = await page.goto(site.address + address)
    assert answer is not None
    assert answer.status == 200, f"{address}: {answer.status}"
    return answer


def by_reader(site: Site) -> dict[Someone | None, list[str]]:
    """Who reads which pages."""
    found: dict[Someone | None, list[str]] = {}
    for address, who in site.pages():
        found.setdefault(who, [])
        if address not in found[who]:
            found[who].append(address)
    return found


def path_of(site: Site, page: Page) -> str | None:
    """The route whose page is shown."""
    shown = urlsplit(page.url).path
    patterns = {
        path: re.sub(r"\{[^}]*\}", "[^/]+", path) for path in sorted(site.routes(), key=lambda each: each.count("{"))
    }
    return next((path for path, pattern in patterns.items() if re.fullmatch(pattern, shown)), None)
