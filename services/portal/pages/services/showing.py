"""A service with all that an adviser needs to know of it."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath

from services.portal import texts
from services.portal.clients.api import or_away
from services.portal.pages.access import members
from services.portal.pages.page import Page
from services.portal.pages.services import facts

router = APIRouter()


@router.get("/services/{service}")
async def show(
    page: Annotated[Page, members()],
    service: Annotated[str, InPath(max_length=100)],
    like: Annotated[UUID | None, Query()] = None,
) -> Response:
    """A service by id, slug or former slug. `like`: a referral whose client is to be referred again."""
    found: dict[str, Any] = (await page.catalog.get("/services/{id}", id=service)).data
    organization = await or_away(page.catalog.get("/organizations/{id}", id=found["organization_id"]))
    own = found["organization_id"] == str(page.account.organization_id)
    return page.render(
        "services/show.html",
        service=found,
        organization=organization,
        hit=facts.hit(found, page.language),
        rows=_rows(found, page.language),
        schedules=[facts.opening(each, page.language) for each in found["schedules"]],
        costs=[facts.cost(each, page.language) for each in found["cost_options"]],
        dial=facts.phone_address,
        like=like,
        can_refer="adviser" in page.account.roles and not own and facts.takes_referrals(found),
        back=page.list_before("/services") or ("/services" + (f"?like={like}" if like else "")),
        own=own,
    )


def _rows(service: dict[str, Any], language: str) -> dict[str, Any]:
    """What is said of it in a line each."""
    groups = [each["taxonomy_term"]["name"] for each in service["attributes"] if each["link_type"] == "target_group"]
    return {
        "groups": texts.enumeration(groups, language) if groups else "",
        "ages": facts.ages(service, language),
        "languages": texts.enumeration([each["name"] for each in service["languages"]], language),
        "areas": texts.enumeration([each["name"] for each in service["service_areas"]], language),
        "wait": service.get("wait_time"),
        "room": facts.room(service, language),
        "answers": facts.answer_time(service, language),
        "rate": (service.get("facts") or {}).get("acceptance_rate"),
    }
