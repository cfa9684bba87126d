"""The seeded catalogue, and people who act in it."""

from dataclasses import dataclass
from typing import Any

import httpx2
from sqlalchemy import text

from services.catalog.use_cases.seed import seed_into
from tests.builders import Someone
from tests.platform import Platform


@dataclass(frozen=True)
class Kuopio:
    """The platform after seeding; `people` by e-mail address."""

    platform: Platform
    people: dict[str, Someone]

    def client(self, email: str | None = None, **headers: str) -> httpx2.AsyncClient:
        """A client of the catalogue, acting as the member with that address (nobody: without a token)."""
        return self.platform.client("catalog", self.people[email] if email else None, **headers)

    @property
    def admin(self) -> httpx2.AsyncClient:
        """A client that acts as the administrator of the platform."""
        return self.client("admin@luotsi.example")

    async def read(self, path: str, **headers: str) -> Any:
        """What the public sees at `path`."""
        answer = await self.client().get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def slugs(self, path: str, **params: str) -> list[str]:
        """The slugs of a public list, in its order."""
        answer = await self.client().get(path, params=params)
        assert answer.status_code == 200, answer.text
        return [each["slug"] for each in answer.json()["contents"]]

    async def change(self, method: str, path: str, body: Any, *, who: str = "admin@luotsi.example") -> httpx2.Response:
        """Send a change with the ETag of what it changes, as it is now."""
        seen = await self.admin.get("/".join(path.split("/")[:3]))
        return await self.client(who).request(method, path, json=body, headers={"If-Match": seen.headers["ETag"]})

    async def enter_admin(self, slug: str, *, email: str = "boss@organisation.example") -> str:
        """Enter an administrator of the organisation with that slug; returns the address to act as."""
        organization = await self.read(f"/organizations/{slug}")
        new = {"organization_id": organization["id"], "email": email, "language": "en", "roles": ["admin"]}
        answer = await self.admin.post("/members", json=new)
        assert answer.status_code == 201, answer.text
        self.people.update(await _people(self.platform))
        return email

    async def last_event(self, event_type: str) -> dict[str, Any]:
        """The newest event of a type in the catalogue's log."""
        return [event for event in await self.platform.published("catalog") if event["type"] == event_type][-1]

    async def count_events(self) -> int:
        """How many events the catalogue's log holds."""
        return len(await self.platform.published("catalog"))


async def kuopio(platform: Platform) -> Kuopio:
    """Seed the catalogue of the platform."""
    async with platform.databases["catalog"].transaction() as tx:
        await seed_into(tx)
    return Kuopio(platform, await _people(platform))


async def _people(platform: Platform) -> dict[str, Someone]:
    async with platform.databases["catalog"].transaction() as tx:
        rows = await tx.execute(text("SELECT id, organization_id, email, roles FROM members"))
        return {row.email: Someone(row.id, row.organization_id, row.email, tuple(row.roles)) for row in rows}
