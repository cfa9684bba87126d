"""Pictures of every page of the portal, to be looked at: `python -m tests.portal.pictures FOLDER [WORD…]`.

In Finnish, which has the longest words, at three widths, by day, and one by night; of the pages whose address holds a
WORD where any is given. It runs on the servers that `pytest --keep` keeps.
"""

import asyncio
import re
import sys
import tempfile
from pathlib import Path
from typing import Final

from luotsi.embedded.servers import Servers
from shared.database.migrations import upgrade
from shared.services import service_names
from tests.browser import running_browser
from tests.kept_servers import kept_servers
from tests.platform import Platform
from tests.portal.gallery_pages import PAGES, hang
from tests.portal.site import Site, by_reader, opened, seeded_site

WIDTHS: Final = (320, 768, 1280)


async def _photograph(site: Site, folder: Path, words: list[str]) -> None:
    galleries = {None: [f"/gallery/{name}" for name in PAGES]}
    for who, addresses in [*by_reader(site).items(), *galleries.items()]:
        async with site.signed_in(who) as context:
            await hang(context, site.seeded.platform)
            page = await context.new_page()
            role = next((role for role, each in site.seeded.people.items() if each == who), "anybody")
            for address in addresses:
                if words and not any(word in address for word in words):
                    continue
                short = re.sub(r"[0-9a-f-]{31}([0-9a-f]{5})", r"\1", address).strip("/").replace("/", "-")
                name = f"{role}-{short or 'start'}"
                for width, scheme in [*((width, "light") for width in WIDTHS), (1280, "dark")]:
                    await page.set_viewport_size({"width": width, "height": 800})
                    await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
                    await opened(page, site, address)
                    path = folder / f"{name}-{width}-{scheme}.png"
                    await page.screenshot(path=path, full_page=True)
                    print(path)


async def _run(servers: Servers, folder: Path, words: list[str]) -> None:
    with tempfile.TemporaryDirectory() as data:
        platform = Platform(servers, Path(data))
        try:
            async with running_browser() as browser, seeded_site(platform, browser) as site:
                await _photograph(site, folder, words)
        finally:
            await platform.close()


def main() -> None:
    """Write the pictures into the folder that the arguments name."""
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(parents=True, exist_ok=True)
    with kept_servers() as servers:
        for service in service_names():
            upgrade(service, servers.owner_urls[service])
        asyncio.run(_run(servers, folder, words))


if __name__ == "__main__":
    main()
