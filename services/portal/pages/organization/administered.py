"""The organisation that a page is about: whose administrator asks, and where the other pages about it are."""

from asyncio import gather
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.portal.clients.api import Answer, ApiClient, Query
from services.portal.pages.page import Page
from services.portal.tables import Organization
from services.portal.texts import name
from shared.problems import not_found

_MOST_PAGES = 20


@dataclass(frozen=True)
class Administered:
    """An organisation whose pages somebody may open. `own`: their own one; else they administer the platform."""

    page: Page
    id: UUID
    own: bool
    by_platform: bool

    @property
    def path(self) -> str:
        """Where the pages about it begin."""
        return f"/organizations/{self.id}"

    def side(self) -> list[dict[str, Any]]:
        """The links to the pages about it, as `queues` shows them."""
        here = self.page.area or self.page.request.url.path
        t, path = self.page.t, self.path
        items = [
            ("", t("organization.nav.overview")),
            ("/members", t("organization.nav.members")),
            ("/services", t("organization.nav.services")),
            ("/details", t("organization.nav.details")),
            ("/locations", t("organization.nav.locations")),
            ("/closures", t("organization.nav.closures")),
            ("/sign-in", t("organization.nav.sign_in")),
            ("/figures", t("organization.nav.figures")),
            ("/deliveries", t("organization.nav.deliveries")),
        ]
        return [
            {
                "items": [
                    {"href": path + each, "label": label, "current": _is_at(here, path, each)} for each, label in items
                ]
            }
        ]

    async def organization(self) -> Answer:
        """What the catalogue knows of it. Raises 404."""
        return await self.page.catalog.get("/organizations/{id}", id=self.id)


def administered(page: Page, organization_id: UUID) -> Administered:
    """The organisation. Raises 404 to administrators of another one, who learn nothing of its pages."""
    account = page.account
    own = account.organization_id == organization_id
    if not own and not account.is_platform_admin:
        raise not_found("page")
    return Administered(page, organization_id, own, account.is_platform_admin)


def named(page: Page, organization: Organization | None) -> dict[str, Any]:
    """The portal's copy of an organisation, for the frame of its pages: its name in the person's language."""
    if organization is None:
        return {"name": "", "active": False}
    return {"name": name(organization.name, page.language), "active": organization.active}


async def all_of(client: ApiClient, path: str, query: Query) -> list[dict[str, Any]]:
    """Everything in a list of the catalogue, whose pages are numbered; further pages are asked for side by side."""

    async def one(number: int) -> Answer:
        return await client.get(path, {**query, "page": number, "size": 100})

    first = await one(1)
    further = await gather(*map(one, range(2, min(first["total_pages"], _MOST_PAGES) + 1)))
    return [each for answer in (first, *further) for each in answer["contents"]]


def _is_at(here: str, path: str, each: str) -> bool:
    return here == path + each or (each != "" and here.startswith(f"{path}{each}/"))
