"""Finding a client of before, by whatever is at hand: a reference, a name, a telephone number, an address."""

import re
from typing import Any, Final

from services.portal.clients.api import ApiProblem
from services.portal.pages.forms import Form
from services.portal.pages.page import Page

FIELD: Final = "find"
_PHONE: Final = re.compile(r"\+?[\d\s()./-]{6,}")
_REFERENCE: Final = re.compile(r"(?:kuo[\s-]*)?[0-9a-z]{4}[\s-]*[0-9a-z]{2,3}", re.IGNORECASE)
_BUSINESS_ID: Final = re.compile(r"(?:FI)?\s*\d{7}-?\d", re.IGNORECASE)


def kind_of(typed: str) -> str:
    """What somebody has typed to find a client by, as the referral service calls it."""
    plain = typed.strip()
    if "@" in plain:
        return "email"
    if plain.upper().startswith("KUO") and _REFERENCE.fullmatch(plain):
        return "reference"
    if _BUSINESS_ID.fullmatch(plain) and ("-" in plain or plain.upper().startswith("FI")):
        return "business_id"
    if _PHONE.fullmatch(plain):
        return "phone"
    return "reference" if _REFERENCE.fullmatch(plain) and any(letter.isdigit() for letter in plain) else "name"


async def search_clients(page: Page, form: Form) -> list[dict[str, Any]] | None:
    """The clients that fit what was typed; None where that was refused, which the form then says."""
    typed = form.text(FIELD)
    try:
        answer = await page.referral.post("/clients/search", {kind_of(typed): typed} if typed else {})
    except ApiProblem as problem:
        if problem.status != 422:
            raise
        form.take(problem, dict.fromkeys(("reference", "name", "email", "phone", "business_id", "body"), FIELD))
        return None
    return list(answer["contents"])
