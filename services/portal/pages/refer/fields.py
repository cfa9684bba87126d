"""The form of a referral, and what the referral service is sent of it: one and the same, field by field."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from services.portal import texts
from services.portal.pages.forms import Form
from shared.values.sort_keys import sort_key

UNKNOWN_LANGUAGE: Final = "und"
"""A draft may be kept before the client's language is known; nothing is sent without it."""
LANGUAGES: Final = (
    *(
        "fi",
        "sv",
        "en",
        "ar",
        "fa",
        "ckb",
        "ku",
        "ru",
        "uk",
        "so",
        "et",
        "es",
        "fr",
        "de",
        "zh",
        "vi",
        "th",
        "tr",
        "ti",
    ),
    *("am", "ps", "ur", "bn", "ne", "hi", "pt", "pl", "ro", "sq", "my", "sw", "tl", "it", "hu", "bg", "sr", "ta"),
)
CLIENT_TEXTS: Final = ("name", "phone", "email")
TEXTS: Final = ("reason", "shareable_note", "private_note")
CONSENTS: Final = ("oral", "written", "electronic")
STATUTE: Final = "statute"
ALLOWS: Final = "allows"
NAMES: Final = {
    "legal_basis": ALLOWS,
    "legal_basis.kind": ALLOWS,
    "legal_basis.consent": ALLOWS,
    "legal_basis.consent.how": ALLOWS,
    "client": "client.language",
    "client_id": "",
    "service_id": "",
}
"""Names of the referral service for fields that the form has under another one; `""` is the form as a whole"""

Json = dict[str, Any]


def filled(draft: Mapping[str, Any], language: str) -> Form:
    """The form of a draft as it was kept."""
    client, basis = draft["client"], draft.get("legal_basis") or {}
    spoken = client["language"]
    values: Json = {f"client.{name}": client.get(name) for name in (*CLIENT_TEXTS, "business_id", "kind")}
    values |= {
        "client.language": "" if spoken == UNKNOWN_LANGUAGE else spoken,
        "client.interpreter": client["interpreter"],
        "client.contact_via": "adviser" if client["contact_via"] == "adviser" else None,
        "urgency": "urgent" if draft["urgency"] == "urgent" else None,
        **{name: draft.get(name) for name in TEXTS},
    }
    if basis.get("kind") == "consent":
        consent = basis["consent"]
        values |= {ALLOWS: consent["how"], "legal_basis.consent.given_on": consent["given_on"]}
        values["legal_basis.consent.scope"] = consent["scope"]
    elif basis:
        values |= {ALLOWS: STATUTE, "legal_basis.statute": basis["statute"]}
    return Form.filled(language, values)


def with_defaults(form: Form, today: date, scope: str) -> Form:
    """The form with what is usual: a person, a consent given today for what a desk sees."""
    usual = {
        "client.kind": "person",
        "legal_basis.consent.given_on": today.isoformat(),
        "legal_basis.consent.scope": scope,
    }
    for name, value in usual.items():
        if not form.text(name):
            form.values[name] = [value]
    return form


def client_of(form: Form) -> Json:
    """What is known of the client. Only a company has a business id."""
    kind = "company" if form.text("client.kind") == "company" else "person"
    client: Json = {
        "kind": kind,
        "language": form.text("client.language") or UNKNOWN_LANGUAGE,
        "interpreter": form.checked("client.interpreter"),
        "contact_via": "adviser" if form.checked("client.contact_via") else "client",
    }
    names = (*CLIENT_TEXTS, "business_id") if kind == "company" else CLIENT_TEXTS
    return client | {name: value for name in names if (value := form.optional(f"client.{name}"))}


def basis_of(form: Form) -> Json | None:
    """What allows telling the desk; None where nothing was chosen yet."""
    chosen = form.text(ALLOWS)
    if chosen in CONSENTS:
        consent = {
            "given_on": form.text("legal_basis.consent.given_on"),
            "how": chosen,
            "scope": form.text("legal_basis.consent.scope"),
        }
        return {"kind": "consent", "consent": consent}
    if chosen == STATUTE and (statute := form.optional("legal_basis.statute")):
        return {"kind": "statute", "statute": statute}
    return None


def body_of(form: Form) -> Json:
    """What the form says of the referral; what is empty is taken away from a draft that had it."""
    return {
        "client": client_of(form),
        **{name: form.optional(name) for name in TEXTS},
        "urgency": "urgent" if form.checked("urgency") else "routine",
        "legal_basis": basis_of(form),
    }


def without(body: Json, fields: Iterable[str]) -> Json:
    """The same without the fields that were not accepted, so that all else is kept."""
    left = {**body, "client": dict(body["client"])} if "client" in body else dict(body)
    for field in fields:
        first, _, rest = field.partition(".")
        if first == "client" and rest and rest != "language":
            left.get("client", {}).pop(rest, None)
        elif first != "client":
            left.pop(first, None)
    return left


def is_untouched(form: Form) -> bool:
    """Whether nothing was typed or chosen yet that would be worth keeping."""
    names = [*TEXTS, ALLOWS, "client.language", *(f"client.{name}" for name in (*CLIENT_TEXTS, "business_id"))]
    return not any(form.text(name) for name in names)


def missing(form: Form) -> list[str]:
    """The fields without which a referral cannot be sent."""
    needed = {
        "client.language": form.text("client.language"),
        "reason": form.text("reason"),
        ALLOWS: basis_of(form),
    }
    lacking = [name for name, value in needed.items() if not value]
    if form.text(ALLOWS) == STATUTE and ALLOWS in lacking:
        lacking[lacking.index(ALLOWS)] = "legal_basis.statute"
    return lacking


def language_options(first: Iterable[str], chosen: str, language: str) -> list[dict[str, str]]:
    """The languages to choose from, by their names; those of the service come first."""
    spoken = [code for code in dict.fromkeys(first) if code]
    others = {*LANGUAGES, *([chosen] if chosen else [])} - set(spoken)
    by_name = sorted(others, key=lambda code: sort_key(texts.language_name(code, language)))
    return [{"value": code, "label": texts.language_name(code, language)} for code in (*spoken, *by_name)]
