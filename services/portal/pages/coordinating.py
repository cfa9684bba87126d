"""What needs a coordinator first: referrals that wait too long, and with whom; services without room; words in vain."""

from collections.abc import Callable
from typing import Any

from services.portal import texts
from services.portal.clients.api import Answer, ApiProblem, Away, side_by_side
from services.portal.pages.json_objects import JSON
from services.portal.pages.overview.figures import USUAL, full_services, listed, period_of
from services.portal.pages.page import Page

_NAMED = 5
_LISTED = ("overdue", "waiting", "not_closed")
"""What is counted, and has a list of the same name"""


async def coordinating(page: Page) -> dict[str, Any] | None:
    """What the start page shows a coordinator; None to others. What is away is left out."""
    if "coordinator" not in page.account.roles:
        return None
    overview, services, unfound = await side_by_side(
        page.referral.get("/overview"),
        _or_none(page, "/services", full=False),
        _or_none(page, "/unfound-words"),
    )
    rows: list[JSON] = [] if isinstance(overview, Away) else overview["contents"]
    counted = USUAL if isinstance(overview, Away) else period_of(overview)
    counts = [
        *((name, listed(name, counted), _count(overview, _sum_of(name))) for name in _LISTED),
        ("full", "/overview#full-title", _count(services, lambda rows: len(full_services(rows)))),
        ("unfound", "/overview#unfound-title", _count(unfound, len)),
    ]
    return {
        "away": any(isinstance(each, Away) for each in (overview, services, unfound)),
        "needs": [
            {
                "href": href,
                "label": page.code("home.coordinating", name),
                "count": texts.number(count, page.language) if count else 0,
                "attention": name == "overdue",
            }
            for name, href, count in counts
            if count is not None
        ],
        "stalled": sorted((each for each in rows if each["overdue"]), key=lambda each: -each["overdue"])[:_NAMED],
    }


async def _or_none(page: Page, path: str, **query: bool) -> Answer | None:
    """A list of the catalogue; None where it does not know the member yet: the start page is there all the same."""
    try:
        return await page.catalog.get(path, {"size": 100, **query})
    except ApiProblem:
        return None


def _count(answer: Answer | Away | None, count: Callable[[list[JSON]], int]) -> int | None:
    """What is counted in the rows of an answer; None where there is none."""
    return None if answer is None or isinstance(answer, Away) else count(answer["contents"])


def _sum_of(name: str) -> Callable[[list[JSON]], int]:
    return lambda rows: sum(row[name] for row in rows)
