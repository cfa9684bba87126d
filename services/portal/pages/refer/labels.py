"""What the fields of the form are called, and where what is wrong with them is said."""

from typing import Final

from services.portal.pages.forms import FieldError, Form
from services.portal.pages.page import Page
from services.portal.pages.refer import fields

_GROUPS: Final = {"client": "who", "on_duplicate": "who", "allows": "allows", "legal_basis": "allows"}
_BESIDE: Final = {
    name: name.replace("client.", "").replace("_", "-")
    for name in (
        *(f"client.{part}" for part in ("name", "business_id", "phone", "email")),
        *("reason", "shareable_note", "private_note"),
    )
}
"""Fields with a place of their own for what is wrong with them."""

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


def by_place(form: Form) -> dict[str, list[FieldError]]:
    """What is wrong, by where it is said while somebody writes: beside the field, else at the end of its group."""
    places: dict[str, list[FieldError]] = {place: [] for place in (*_BESIDE.values(), "who", "what", "allows")}
    for error in form.errors:
        group = _GROUPS.get(error.field.partition(".")[0], "what")
        places[_BESIDE.get(error.field, group)].append(error)
    return places


def labels(page: Page) -> dict[str, str]:
    return {name: page.t(key) for name, key in _LABELS.items()}
