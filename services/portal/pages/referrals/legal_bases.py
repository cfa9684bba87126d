"""What allows telling another organisation about the client: the fields of a form that asks for it anew."""

from collections.abc import Mapping
from typing import Any

from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.step import nested
from shared.clock import day_in_kuopio


def legal_basis(form: Form) -> JSON:
    """The basis of the kind that was chosen; what was typed for the other kind is left out."""
    kind = form.text("legal_basis.kind")
    names = ("given_on", "how", "scope")
    basis = (
        nested(form, *(f"legal_basis.consent.{name}" for name in names))
        if kind == "consent"
        else nested(form, "legal_basis.statute")
    )
    return {"kind": kind} | dict(basis.get("legal_basis", {}))


def same_basis(page: Page, referral: JSON) -> Mapping[str, Any]:
    """The basis that a referral has, with a consent as of today: it has to be given anew for another recipient."""
    basis = referral["legal_basis"] or {"kind": "consent"}
    consent = basis.get("consent") or {"how": "oral", "scope": ""}
    return {
        "legal_basis.kind": basis["kind"],
        "legal_basis.consent.given_on": day_in_kuopio(page.now).isoformat(),
        "legal_basis.consent.how": consent["how"],
        "legal_basis.consent.scope": consent["scope"],
        "legal_basis.statute": basis.get("statute", ""),
        "shareable_note": referral["shareable_note"],
    }


async def statutes(page: Page, _: JSON) -> Mapping[str, Any]:
    """The statutes to choose from, and what a form of a legal basis shows besides."""
    bases = await page.referral.get("/legal-bases")
    return {"statutes": bases["contents"], "note": bases["note"], "today": day_in_kuopio(page.now).isoformat()}
