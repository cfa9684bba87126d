"""`python -m bench.pages`: what the portal's pages take, beside the slowest of the API calls that each makes.

A platform of real processes; the portal once more in this process, with each of its calls to the APIs timed.
"""

import asyncio
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import httpx2

from bench.notices import attended
from bench.platform import UNLIMITED
from luotsi.demo.platform import DemoPlatform, own_platform
from services.portal.main import create_app
from services.portal.settings import PortalSettings
from shared.services import apis

REFERRALS: Final = 100
ROUNDS: Final = 40
ADVISER, DESK, COORDINATOR = "adviser@navigaattori.example", "desk@businesskuopio.example", "coordinator@kuopio.example"


class Timed(httpx2.AsyncHTTPTransport):
    """Notes how long each call takes, in seconds, from the request to the last byte of its answer."""

    def __init__(self, taken: list[float]) -> None:
        super().__init__()
        self._taken = taken

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        begun = time.perf_counter()
        answer = await super().handle_async_request(request)
        await answer.aread()
        self._taken.append(time.perf_counter() - begun)
        return answer


@dataclass
class Portal:
    """The portal in this process, and how long the calls of the page at hand took."""

    app: httpx2.ASGITransport
    taken: list[float]
    measured: dict[str, list[tuple[float, float, int]]] = field(default_factory=dict)

    async def look(self, who: str, pages: list[str]) -> None:
        """Sign in as a seeded account and open its pages, again and again."""
        headers = {"Sec-Fetch-Site": "same-origin"}
        async with httpx2.AsyncClient(transport=self.app, base_url="http://localhost:8000", headers=headers) as browser:
            page = (await browser.get("/sign-in")).text
            member = page.partition(f">{who}<")[0].rpartition('name="member_id" value="')[2].partition('"')[0]
            signed_in = await browser.post("/sign-in/account", data={"member_id": member})
            assert signed_in.status_code == 303, signed_in.text
            for _ in range(ROUNDS):
                for path in pages:
                    await self._open(browser, path)

    async def _open(self, browser: httpx2.AsyncClient, path: str) -> None:
        self.taken.clear()
        begun = time.perf_counter()
        answer = await browser.get(path)
        whole = time.perf_counter() - begun
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        self.measured.setdefault(path, []).append((whole, max(self.taken, default=0.0), len(self.taken)))


def portal_of(platform: DemoPlatform, folder: Path) -> Portal:
    """The portal of a platform, in this process; it stands on the same database and the same APIs."""
    facts, taken = platform.target.platform, list[float]()
    settings = PortalSettings(
        database_url=facts["databases"]["portal"],
        redis_url=facts["redis"],
        jwks=str(folder / "keys" / "jwks.json"),
        signing_key=Path(facts["signing_key"]),
        issuer=facts["issuer"],
        portal_key="YmVuY2gga2V5IG9mIHRoZSBwb3J0YWwsIDMyIGJ5dGU=",
        show_accounts=True,
        mail_dir=folder / "mail",
        account_requests_per_minute=1_000_000,
        address_requests_per_minute=1_000_000,
        catalog_url=platform.urls["catalog"],
        referral_url=platform.urls["referral"],
        notifications_url=platform.urls["notifications"],
    )
    app = create_app(settings, {service: Timed(taken) for service in apis()})
    return Portal(httpx2.ASGITransport(app=app), taken)


async def main() -> None:
    """Measure, and print a line for each page: medians of the whole, of its slowest call, and of the difference."""
    async with own_platform(**UNLIMITED) as platform, attended(platform) as load:
        await load.one_by_one(REFERRALS)
        referral = (await load.sender.get("/referrals?limit=1")).json()["contents"][0]["id"]
        portal = portal_of(platform, platform.target.data)
        await portal.look(
            ADVISER, ["/", "/referrals", f"/referrals/{referral}", "/services?query=ty%C3%B6", "/notices"]
        )
        await portal.look(ADVISER, [f"/services/{load.service_id}", f"/refer?service={load.service_id}"])
        await portal.look(DESK, ["/desk", "/desk?queue=new"])
        await portal.look(COORDINATOR, ["/overview", "/overview/referrals"])
        print(f"load average {os.getloadavg()[0]:.1f}; medians of {ROUNDS}, in milliseconds")
        print(f"{'page':48} {'whole':>7} {'slowest call':>13} {'the rest':>9} {'calls':>6}")
        for path, found in portal.measured.items():
            whole, slowest, rest = (
                1000 * statistics.median(each)
                for each in ([w for w, _, _ in found], [s for _, s, _ in found], [w - s for w, s, _ in found])
            )
            shown = path.replace(referral, "…").replace(load.service_id, "…")
            print(f"{shown:48} {whole:7.1f} {slowest:13.1f} {rest:9.1f} {found[-1][2]:6}")


if __name__ == "__main__":
    asyncio.run(main())
