"""After sending: what happens next and when, and a slip for the client in the client's language."""

from datetime import datetime
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal import texts
from services.portal.clients.api import Away, or_away
from services.portal.pages.page import Page
from services.portal.pages.refer.routes import Adviser
from shared.clock import day_in_kuopio

router = APIRouter()
_EXPIRY_DAYS = 10


@router.get("/refer/{referral_id}/sent")
async def sent(page: Adviser, referral_id: UUID) -> Response:
    """What happens next with a referral that was sent; what is a draft still is to be gone on with."""
    referral: dict[str, Any] = (await page.referral.get("/referrals/{id}", id=referral_id)).data
    if referral["status"] == "draft":
        return page.redirect(f"/refer/{referral_id}")
    if referral["side"] != "source" or referral["client"] is None:
        return page.redirect(f"/referrals/{referral_id}")
    service = await or_away(page.catalog.get("/services/{id}", id=referral["service"]["id"]))
    expiry = _EXPIRY_DAYS if isinstance(service, Away) else service.data.get("expiry_days", _EXPIRY_DAYS)
    return page.render(
        "refer/sent.html", referral=referral, expiry=expiry, slip=slip(referral, page.now), names=_names(referral, page)
    )


def slip(referral: dict[str, Any], now: datetime) -> dict[str, Any]:
    """What the client may take along: in their language, where there are words in it, else in English."""
    language = client_language(referral["client"]["language"])
    # Who reads no Finnish reads English sooner.
    known = language if language in texts.LANGUAGES else "en"
    service = texts.name(referral["service"]["name"], known)
    organization = texts.name(referral["target_organization"]["name"], known)
    lines = [
        texts.text("consent.slip.to", language, service=service, organization=organization),
        texts.text("consent.slip.reference", language, reference=referral["reference"]),
    ]
    if due := referral["respond_by"]:
        days = max(1, (day_in_kuopio(datetime.fromisoformat(due)) - day_in_kuopio(now)).days)
        lines.append(texts.plural("consent.slip.answer", days, language, day=texts.day(due, language)))
    by_adviser = referral["client"]["contact_via"] == "adviser"
    lines.append(texts.text("consent.slip.by_adviser" if by_adviser else "consent.slip.by_desk", language))
    lines.append(texts.text("consent.slip.change", language))
    return {
        "language": language,
        "direction": texts.direction(language),
        "title": texts.text("consent.slip.title", language),
        "lines": lines,
    }


def client_language(tag: str) -> str:
    """The language in which a client is told something: their own, where there are words in it, else English."""
    code = tag.partition("-")[0].lower()
    return code if code in (*texts.LANGUAGES, *texts.CLIENT_LANGUAGES) else "en"


def _names(referral: dict[str, Any], page: Page) -> dict[str, str]:
    return {
        "service": texts.name(referral["service"]["name"], page.language),
        "organization": texts.name(referral["target_organization"]["name"], page.language),
    }
