"""Referrals over HTTP as HL7 FHIR R4, for systems that speak it."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from services.referral.api.dependencies import ReferralOf, WorkOf
from services.referral.fhir.bundle import MEDIA_TYPE
from services.referral.use_cases.fhir import fhir_bundle
from services.referral.use_cases.showing import look_at
from shared.web.versions import etag

router = APIRouter(tags=["referrals"])

_BUNDLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A FHIR R4 Bundle", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}}
}


@router.get(
    "/referrals/{referral_id}/fhir",
    summary="A referral as a FHIR R4 Bundle",
    response_class=JSONResponse,
    responses=_BUNDLE,
)
async def get_fhir(work: WorkOf, referral: ReferralOf) -> JSONResponse:
    """ServiceRequest, Task and both Organizations as your side may see them; the client is a reference only.

    The first look by the recipient is noted, as it is at `/referrals/{id}`.
    """
    await look_at(work, referral)
    found = await fhir_bundle(work, referral)
    return JSONResponse(found, media_type=MEDIA_TYPE, headers={"ETag": etag(referral.version)})
