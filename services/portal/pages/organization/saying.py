"""What a page says after something was done, by a word in its address: words that are not here say nothing."""

from typing import Final

from services.portal.pages.page import Page

_DONE: Final = {
    "invited": "organization.done.invited",
    "saved": "organization.done.saved",
    "entered": "organization.done.entered",
    "returned": "organization.done.returned",
    "left": "organization.done.left",
    "capacity": "organization.done.capacity",
    "closures": "organization.done.closures",
    "locations": "organization.done.locations",
    "organization-entered": "organization.done.organization-entered",
    "organization-left": "organization.done.organization-left",
    "organization-returned": "organization.done.organization-returned",
}


def done(page: Page) -> str | None:
    """What was done just now."""
    key = _DONE.get(page.request.query_params.get("done", ""))
    return page.t(key) if key else None
