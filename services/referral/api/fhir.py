"""Referrals over HTTP as HL7 FHIR R4, for systems that speak it."""

from typing import Annotated, Any, Final

from fastapi import Query, Request
from fastapi.responses import JSONResponse

from services.referral.api.dependencies import ReferralOf, WorkOf
from services.referral.fhir.bundle import MEDIA_TYPE
from services.referral.use_cases.fhir import fhir_bundle
from services.referral.use_cases.showing import look_at
from shared.problems import Problem
from shared.web.negotiation import covers, takes
from shared.web.problem_responses import PROBLEMS
from shared.web.routing import Router
from shared.web.versions import etag

router = Router(tags=["referrals"])

_FORMS: Final = (MEDIA_TYPE, "application/json")
_VERSION: Final = {"fhirversion": "4.0"}
"""The parameter `fhirVersion` of the media type (HL7 FHIR R4, managing multiple versions)."""


class FhirResponse(JSONResponse):
    """JSON by the media type of FHIR."""

    media_type = MEDIA_TYPE


_BUNDLE: dict[int | str, dict[str, Any]] = {
    200: {"description": "A FHIR R4 Bundle", "content": {MEDIA_TYPE: {"schema": {"type": "object"}}}},
    406: PROBLEMS[406],
}


@router.get(
    "/referrals/{referral_id}/fhir",
    operation_id="getReferralAsFhir",
    summary="A referral as a FHIR R4 Bundle",
    response_class=FhirResponse,
    responses=_BUNDLE,
)
async def get_fhir(
    request: Request,
    work: WorkOf,
    referral: ReferralOf,
    form: Annotated[
        str | None, Query(alias="_format", max_length=100, description="json or a media type; outweighs `Accept`")
    ] = None,
) -> FhirResponse:
    """ServiceRequest, Task and both Organizations as your side may see them; the client is a reference only.

    In JSON and in no other form, as R4 and no other version: 406 for who takes XML alone, or `fhirVersion=5.0`. The
    first look by the recipient is noted, as it is at `/referrals/{id}`.
    """
    _require_json(request, form)
    await look_at(work, referral)
    found = await fhir_bundle(work, referral)
    return FhirResponse(found, headers={"ETag": etag(referral.version), "Vary": "Accept"})


def _require_json(request: Request, form: str | None) -> None:
    """Raise 406 unless the caller takes FHIR in JSON (HL7 FHIR R4, RESTful API, content types)."""
    if form is None:
        taken = takes(request, *_FORMS, fixed=_VERSION)
    else:
        # A plus that was not escaped arrives as a space.
        name, *parameters = (part.strip() for part in form.split(";"))
        name = name.replace(" ", "+").lower()
        asked = ";".join([MEDIA_TYPE if name in ("json", "text/json") else name, *parameters])
        taken = "*" not in name and covers(asked, *_FORMS, fixed=_VERSION)
    if not taken:
        detail = "FHIR is given as R4 and in JSON only: send `Accept: application/fhir+json`, or `?_format=json`."
        raise Problem(406, "not-acceptable", "Not in that form", detail)
