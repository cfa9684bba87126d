"""An organisation at a glance: how it stands, and what it lacks to be found and referred to."""

from collections.abc import Mapping
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import side_by_side
from services.portal.pages.access import members
from services.portal.pages.organization.administered import Administered, administered
from services.portal.pages.organization.members import colleagues
from services.portal.pages.organization.saying import done
from services.portal.pages.organization.services import missing_languages, services_of
from services.portal.pages.page import Page
from services.portal.texts import plural
from shared.clock import day_in_kuopio

router = APIRouter()

_NAMED: Final = 5


@router.get("/organizations/{organization_id}")
async def overview(page: Annotated[Page, members("admin")], organization_id: UUID) -> Response:
    """The organisation as its administrators find it."""
    at = administered(page, organization_id)
    answers = await side_by_side(at.organization(), colleagues(at), services_of(at))
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    organization, everybody, services = answers
    active = [each for each in everybody if each["active"]]
    context = {
        "at": at,
        "organization": organization.data,
        "etag": organization.etag,
        "members": active,
        "administrators": [each["email"] for each in active if "admin" in each["roles"]],
        "services": services,
        "accepting": [each for each in services if each["accepting"]],
        "closures": to_come(organization.data, day_in_kuopio(page.now).isoformat()),
        "lacking": lacking(at, organization.data, active, services),
        "done": done(page),
    }
    return page.render("organization/overview.html", **context)


def to_come(organization: Mapping[str, Any], today: str) -> list[dict[str, Any]]:
    """Closures that are not over."""
    return [each for each in organization["closures"] if each["ends_on"] >= today]


def lacking(
    at: Administered,
    organization: Mapping[str, Any],
    active: list[dict[str, Any]],
    services: list[dict[str, Any]],
) -> list[dict[str, str]]:
    """What keeps clients or notices away, each with the page where it is put right."""
    t, path = at.page.t, at.path
    offered = [each for each in services if each["status"] in ("active", "temporarily closed")]
    untranslated = [each["name"] for each in offered if missing_languages(each)]
    unplaced = [each["name"] for each in offered if not each["phones"] and not each["service_at_locations"]]
    checks = [
        (not services, t("organization.lacking.services"), "/services/new"),
        (
            bool(services) and not any("recipient" in each["roles"] for each in active),
            t("organization.lacking.desk"),
            "/members/new?role=recipient",
        ),
        (
            not any("admin" in each["roles"] for each in active),
            t("organization.lacking.admin"),
            "/members/new?role=admin",
        ),
        (not organization.get("email"), t("organization.lacking.email"), "/details"),
        (bool(untranslated), t("organization.lacking.translations", services=_named(at, untranslated)), "/services"),
        (bool(unplaced), t("organization.lacking.reaching", services=_named(at, unplaced)), "/services"),
    ]
    return [{"text": text, "href": path + href} for lacks, text, href in checks if lacks]


def _named(at: Administered, names: list[str]) -> str:
    """The first of the names, and how many others there are."""
    named, further = ", ".join(names[:_NAMED]), len(names) - _NAMED
    if further <= 0:
        return named
    return plural("organization.lacking.and_others", further, at.page.language, names=named)
