"""The members of one's own organisation, by whose addresses a page speaks of them."""

from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from shared.problems import Problem


async def colleagues_of(page: Page) -> list[JSON]:
    """The first hundred members of one's own organisation. None where they cannot be had: a page does without."""
    try:
        return list((await page.catalog.get("/members", {"size": 100}))["contents"])
    except Problem:
        return []
