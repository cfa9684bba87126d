"""Legal bases over HTTP: statutes to choose from, and the text for a client who is asked for consent."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import HTMLResponse

from services.referral.api.dependencies import WorkOf, requires
from services.referral.consent.page import POLICY, consent_page
from services.referral.consent.statutes import statutes
from services.referral.queries.consent_texts import consent_text
from services.referral.schemas.legal_basis import ConsentTextView, LegalBases
from shared.values.forms import LanguageTag
from shared.web.json_api import ActorOf
from shared.web.negotiation import prefers
from shared.web.openapi import CONTENT_LANGUAGE
from shared.web.routing import Router

router = Router(tags=["legal bases"])

_PAGE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "JSON, or with `Accept: text/html` a page to print and sign",
        "headers": {"Content-Language": CONTENT_LANGUAGE},
        "content": {"text/html": {"schema": {"type": "string"}}},
    }
}


@router.get("/legal-bases", operation_id="listLegalBases", summary="Statutes on which a referral may rest")
async def get_legal_bases(_: ActorOf) -> LegalBases:
    """A pick-list with plain explanations, and no legal advice. A code may be given as `legal_basis.statute`."""
    found = statutes()
    return LegalBases(contents=list(found.statutes), note=found.note)


@router.get(
    "/consent-text",
    operation_id="getConsentText",
    summary="What a client is told before consenting",
    response_model=ConsentTextView,
    responses=_PAGE,
    dependencies=[Depends(requires("adviser", "recipient"))],
)
async def get_consent_text(
    request: Request,
    response: Response,
    work: WorkOf,
    service_id: Annotated[UUID, Query(description="The service that the client would be referred to")],
    language: Annotated[LanguageTag, Query(description="The client's language, a BCP 47 tag")],
) -> ConsentTextView | HTMLResponse:
    """In the client's language, in English where there is no text in it. Nothing in it is about the client.

    Recipients may ask too: what they pass on needs a consent of its own.
    """
    text = await consent_text(work, service_id, language)
    if prefers(request, "text/html", "application/json"):
        page = consent_page(text, text.notes, text.notes_language)
        headers = {"Content-Language": text.language, "Content-Security-Policy": POLICY, "Vary": "Accept"}
        return HTMLResponse(page, headers=headers)
    response.headers["Content-Language"] = text.language
    response.headers["Vary"] = "Accept"
    return text
