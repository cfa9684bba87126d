"""Finding a service within a step: one that would fit the client better, or to which the referral is passed on."""

from collections.abc import Mapping
from typing import Any

from services.portal.clients.api import Away, or_away
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.services.facts import answer_time, room
from shared.problems import Problem

_HITS = 6


async def found_services(page: Page, referral: JSON, field: str) -> Mapping[str, Any]:
    """What was searched for, the services that fit it, and the one that is chosen in `field`.

    The words come in the address, or in the form where it comes back. One's own services are none to pass on to.
    """
    form = page.form
    query = page.request.query_params.get("query") or form.text("query")
    chosen = page.request.query_params.get("service") or form.text(field)
    found = await _search(page, referral, query) if query else []
    if chosen and all(each["value"] != chosen for each in found):
        found = [*await _one(page, chosen), *found]
    return {"query": query, "services": found, "searched": bool(query), "chosen_service": chosen}


async def _search(page: Page, referral: JSON, query: str) -> list[JSON]:
    asked = {"query": query[:200], "language": referral["language"], "unfit": True, "size": _HITS + 1, "full": False}
    answer = await or_away(page.catalog.get("/services", asked))
    return [] if isinstance(answer, Away) else _options(page, referral, answer["contents"])[:_HITS]


async def _one(page: Page, service_id: str) -> list[JSON]:
    """The service that is chosen already; none where the catalogue does not have it."""
    try:
        return [_option(page, (await page.catalog.get("/services/{id}", id=service_id)).data)]
    except Problem:
        return []


def _options(page: Page, referral: JSON, services: list[JSON]) -> list[JSON]:
    """To be chosen from: not what the referral is for already."""
    return [_option(page, each) for each in services if each["id"] != referral["service"]["id"]]


def _option(page: Page, service: JSON) -> JSON:
    facts = (service["organization"]["name"], room(service, page.language), answer_time(service, page.language))
    return {"value": service["id"], "label": service["name"], "hint": ", ".join(facts)}
