"""The pictures of the README: `make screenshots` takes them anew, of pages with what tests put on them.

It runs on the servers that `pytest --keep` keeps.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from luotsi.embedded.servers import Servers
from shared.database.migrations import upgrade
from shared.services import service_names
from tests.browser import running_browser
from tests.kept_servers import kept_servers
from tests.platform import Platform
from tests.portal.site import Site, opened, seeded_site

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES: Final = 200_000
LANGUAGE: Final = "en"


@dataclass(frozen=True)
class Picture:
    """A page as one of the seeded people sees it; `referral` is the state of the one that the page is about."""

    name: str
    who: str
    path: str
    referral: str = "accepted"


PICTURES: Final = (
    Picture("start", "adviser", "/"),
    Picture("services", "adviser", "/services"),
    Picture("referral", "recipient", "/referrals/{referral_id}"),
)


async def _take(site: Site, picture: Picture) -> None:
    async with site.signed_in(site.seeded.people[picture.who], LANGUAGE) as context:
        page = await context.new_page()
        address = site.seeded.address(picture.path, referral_id=site.seeded.referrals[picture.referral])
        await opened(page, site, address)
        file = FOLDER / f"{picture.name}.png"
        await page.screenshot(path=file)
    size = file.stat().st_size
    assert size < MOST_BYTES, f"{file}: {size} bytes"
    print(f"{file}: {size} bytes")


async def _run(servers: Servers) -> None:
    with tempfile.TemporaryDirectory() as data:
        platform = Platform(servers, Path(data))
        try:
            async with running_browser() as browser, seeded_site(platform, browser) as site:
                for picture in PICTURES:
                    await _take(site, picture)
        finally:
            await platform.close()


def main() -> None:
    """Write the pictures into docs/."""
    FOLDER.mkdir(exist_ok=True)
    with kept_servers() as servers:
        for service in service_names():
            upgrade(service, servers.owner_urls[service])
        asyncio.run(_run(servers))


if __name__ == "__main__":
    main()
