"""What an organisation is called and does, and the desk's address, to which notices about referrals go."""

from collections.abc import Mapping
from typing import Annotated, Any, Final, get_args
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.clients.api import Answer
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import Administered, administered, all_of
from services.portal.pages.organization.editing import Editing
from services.portal.pages.organization.kinds import ByLanguage, Chosen, Kind, Record
from services.portal.pages.page import Page
from services.portal.texts import of_code
from shared.events.catalog import OrganizationType

router = APIRouter(prefix="/organizations/{organization_id}/details")

PageOf = Annotated[Page, members("admin")]
_LABELS: Final = {
    "name": "organization.details.name",
    "alternate_name": "organization.details.alternate_name",
    "description": "organization.details.description",
    "email": "organization.details.email",
    "website": "organization.details.website",
    "slug": "organization.details.slug",
    "organization_type": "organization.details.type",
    "parent_organization_id": "organization.details.parent",
}
_OWN: Final[dict[str, Kind]] = {
    "name": ByLanguage(needed=True),
    "alternate_name": ByLanguage(),
    "description": ByLanguage(needed=True),
    "email": Kind(),
    "website": Kind(),
}
_PLATFORMS: Final[dict[str, Kind]] = {"slug": Kind(), "organization_type": Chosen(), "parent_organization_id": Chosen()}
BY_ITSELF: Final = Editing(Record(_OWN), _LABELS)
BY_PLATFORM: Final = Editing(Record({**_OWN, **_PLATFORMS}), _LABELS, beside={"slug-taken": "slug"})


@router.get("")
async def show(page: PageOf, organization_id: UUID) -> Response:
    """The form, filled."""
    at = administered(page, organization_id)
    found = await at.organization()
    return await _show(at, found, _editing(at).filled(page, found.data), {"etag": found.etag})


@router.post("")
async def change(page: PageOf, organization_id: UUID) -> Response:
    """Change what was changed in the form."""
    at, form = administered(page, organization_id), page.form
    editing = _editing(at)
    changes = editing.changes(form)
    unsaved = await editing.save(
        page,
        lambda: page.catalog.patch("/organizations/{id}", changes, etag=form.version, id=at.id),
        at.organization,
    )
    if unsaved is None:
        return page.redirect(f"{at.path}?done=saved")
    return await _show(at, unsaved.found, form, unsaved.more, status=422)


async def choices(page: Page, organization_id: UUID | None) -> dict[str, Any]:
    """Types, and the organisations that may stand above this one."""
    everything = await all_of(page.catalog, "/organizations", {})
    return {
        "types": [
            {"value": each, "label": of_code("organization.type", each, page.language)}
            for each in get_args(OrganizationType)
        ],
        "parents": [
            {"value": each["id"], "label": each["name"]} for each in everything if each["id"] != str(organization_id)
        ],
    }


def _editing(at: Administered) -> Editing:
    return BY_PLATFORM if at.by_platform else BY_ITSELF


async def _show(at: Administered, found: Answer, form: Form, more: Mapping[str, Any], status: int = 200) -> Response:
    offered = await choices(at.page, at.id) if at.by_platform else {"types": [], "parents": []}
    context = {"at": at, "organization": found.data, **offered, **_editing(at).context(form), **more}
    return at.page.render("organization/details.html", status=status, **context)
