"""What a client is told before consenting: to show, to read aloud, or to print and sign."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal import texts
from services.portal.pages.access import members
from services.portal.pages.page import Page
from services.portal.pages.refer.fields import language_options
from services.portal.pages.refer.sent import client_language

router = APIRouter()


@router.get("/refer/consent")
async def consent(
    page: Annotated[Page, members("adviser", "recipient")],
    service: Annotated[UUID, Query()],
    language: Annotated[str, Query(pattern="^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] = "en",
) -> Response:
    """The text in the client's language, in English where there is none in it; nothing in it is about the client."""
    answer = await page.referral.get("/consent-text", {"service_id": service, "language": language})
    spoken = client_language(language)
    return page.render(
        "refer/consent.html",
        text=answer.data,
        service_id=service,
        options=language_options((), language, page.language),
        chosen=language,
        spoken=spoken,
        spoken_direction=texts.direction(spoken),
        read=texts.text("consent.read", spoken),
    )
