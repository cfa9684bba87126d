"""What several tests of the portal's pages stand on."""

from collections.abc import AsyncIterator

import pytest_asyncio
from playwright.async_api import Browser

from tests.platform import Platform
from tests.portal.site import Site, seeded_site


@pytest_asyncio.fixture(scope="module")
async def site(platform_session: Platform, browser: Browser) -> AsyncIterator[Site]:
    """The portal with something on every page."""
    async with seeded_site(platform_session, browser) as found:
        yield found
