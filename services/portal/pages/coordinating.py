"""What needs a coordinator first: referrals that wait too long, and with whom; services without room; words in vain."""

from typing import Any

from services.portal import texts
from services.portal.clients.api import Answer, ApiProblem, Away, side_by_side
from services.portal.pages.json_objects import JSON
from services.portal.pages.overview.figures import full_services
from services.portal.pages.page import Page

_NAMED = 5


async def coordinating(page: Page) -> dict[str, Any] | None:
    """What the start page shows a coordinator; None to others. What is away is left out."""
    if "coordinator" not in page.account.roles:
        return None
    overview, services, unfound = await side_by_side(
        page.referral.get("/overview"),
        _or_none(page, "/services"),
        _or_none(page, "/unfound-words"),
    )
    rows: list[JSON] = [] if isinstance(overview, Away) else overview["contents"]
    full = None if isinstance(services, Away) or services is None else len(full_services(services["contents"]))
    counts = [
        ("overdue", "/overview/referrals?show=overdue", _sum(overview, "overdue")),
        ("waiting", "/overview/referrals?show=waiting", _sum(overview, "waiting")),
        ("not_closed", "/overview/referrals?show=not_closed", _sum(overview, "not_closed")),
        ("full", "/overview#full-title", full),
        (
            "unfound",
            "/overview#unfound-title",
            None if isinstance(unfound, Away) or unfound is None else len(unfound["contents"]),
        ),
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


async def _or_none(page: Page, path: str) -> Answer | None:
    """A list of the catalogue; None where it does not know the member yet: the start page is there all the same."""
    try:
        return await page.catalog.get(path, {"size": 100})
    except ApiProblem:
        return None


def _sum(overview: Answer | Away, name: str) -> int | None:
    return None if isinstance(overview, Away) else sum(each[name] for each in overview["contents"])
