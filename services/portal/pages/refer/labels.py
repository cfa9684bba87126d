"""What the fields of the form are called, and in which of its groups what is wrong with them is said."""

from typing import Final

from services.portal.pages.forms import FieldError, Form
from services.portal.pages.page import Page
from services.portal.pages.refer import fields

_GROUPS: Final = {"client": "who", "on_duplicate": "who", "allows": "allows", "legal_basis": "allows"}
_LABELS: Final = {
    "client.kind": "refer.client.kind",
    "client.language": "refer.client.language",
    "client.interpreter": "refer.client.interpreter",
    "client.contact_via": "refer.client.contact_via",
    "client.name": "refer.client.name",
    "client.business_id": "refer.client.business_id",
    "client.phone": "refer.client.phone",
    "client.email": "refer.client.email",
    "reason": "refer.reason",
    "shareable_note": "refer.shareable_note",
    "private_note": "refer.private_note",
    "urgency": "refer.urgent",
    fields.ALLOWS: "refer.allows.title",
    "legal_basis.consent.given_on": "refer.consent.given_on",
    "legal_basis.consent.scope": "refer.consent.scope",
    "legal_basis.statute": "refer.statute",
}


def by_group(form: Form) -> dict[str, list[FieldError]]:
    """What is wrong, by the group of the form in which it is said."""
    groups: dict[str, list[FieldError]] = {"who": [], "what": [], "allows": []}
    for error in form.errors:
        groups[_GROUPS.get(error.field.partition(".")[0], "what")].append(error)
    return groups


def labels(page: Page) -> dict[str, str]:
    return {name: page.t(key) for name, key in _LABELS.items()}
