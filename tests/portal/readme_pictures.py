"""The pictures of the README: `make screenshots` takes them anew, of pages with what tests put on them.

It runs on the servers that `pytest --keep` keeps.
"""

import asyncio
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import uuid4

from luotsi.embedded.servers import Servers
from shared.database.migrations import upgrade
from shared.services import service_names
from tests.browser import running_browser
from tests.kept_servers import kept_servers
from tests.platform import Platform
from tests.portal.seeded import Seeded
from tests.portal.site import Site, opened, seeded_site
from tests.referring import CONSENT, at_work

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
MOST_BYTES: Final = 200_000
LANGUAGE: Final = "en"
SERVICE: Final = "business-advice"


@dataclass(frozen=True)
class Picture:
    """A page as one of the seeded people sees it; `{example}` is the referral that is made for the pictures."""

    name: str
    who: str
    path: str


PICTURES: Final = (
    Picture("start", "adviser", "/"),
    Picture("services", "adviser", "/services?query=starting+a+business"),
    Picture("referral", "recipient", "/referrals/{example}"),
)


async def _example(seeded: Seeded) -> str:
    """A referral that is accepted and written about, and notices, in the language of the pictures; returns its id."""
    platform, people = seeded.platform, seeded.people
    for who in ("adviser", "recipient"):
        answer = await platform.client("notifications", people[who]).put(
            "/preferences", json={"email": True, "language": LANGUAGE}
        )
        assert answer.status_code == 200, answer.text
    adviser, desk = at_work(platform, people["adviser"]), at_work(platform, people["recipient"])
    service = (await platform.client("catalog").get(f"/services/{SERVICE}")).json()
    request = {
        "service_id": service["id"],
        "client": {
            "kind": "person",
            "name": "Test Person",
            "language": "uk",
            "email": "newcomer@mail.example",
            "phone": "040 123 4567",
            "contact_via": "client",
            "interpreter": False,
        },
        "reason": "Has run a bakery for ten years, and wants to open one in Kuopio. Has a plan, and some savings.",
        "shareable_note": "Speaks English and some Finnish. Mornings are best.",
        "urgency": "routine",
        "legal_basis": CONSENT,
        "send": True,
    }
    answer = await adviser.refer(request)
    assert answer.status_code == 201, answer.text
    found = await desk.done("accept", await desk.read(answer.json()["id"]))
    for side, text in ((desk, "Would Tuesday at nine do?"), (adviser, "Yes, that is fine.")):
        headers = {"Idempotency-Key": str(uuid4())}
        sent = await side.client.post(f"/referrals/{found['id']}/messages", json={"text": text}, headers=headers)
        assert sent.status_code == 201, sent.text
        await platform.settle()
    return str(found["id"])


async def _take(site: Site, picture: Picture, example: str) -> None:
    async with site.signed_in(site.seeded.people[picture.who], LANGUAGE) as context:
        page = await context.new_page()
        await opened(page, site, picture.path.format(example=example))
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
                example = await _example(site.seeded)
                for picture in PICTURES:
                    await _take(site, picture, example)
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
