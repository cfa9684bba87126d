"""The platform's public keys, for whoever verifies its access tokens."""

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse

from services.portal.pages.state import PortalApp
from shared.web.base import state_of

router = APIRouter()


@router.get("/.well-known/jwks.json")
async def jwks(request: Request) -> FileResponse:
    """The key set as it is published to the services: also keys that sign no more, while their tokens last."""
    return FileResponse(state_of(request, PortalApp).settings.jwks, media_type="application/jwk-set+json")
