"""Desk work over HTTP: who looks after a referral that was received."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from services.referral.api.answers import referral_answer
from services.referral.api.dependencies import LockedReferralOf, WorkOf, only
from services.referral.domain import Side
from services.referral.schemas import Assignment
from services.referral.use_cases.assignment import assign
from services.referral.use_cases.reading import view
from services.referral.views import ReferralView
from shared.bodies import body, request_body
from shared.versions import IF_MATCH, require_match

router = APIRouter(tags=["desk"])


@router.post(
    "/referrals/{referral_id}/assign",
    summary="Assign the referral to a member of your desk",
    dependencies=[Depends(only(Side.TARGET))],
    openapi_extra=request_body(Assignment) | IF_MATCH,
)
async def assign_referral(
    request: Request,
    response: Response,
    work: WorkOf,
    referral: LockedReferralOf,
    given: Annotated[Assignment, body(Assignment)],
) -> ReferralView:
    """Until it ends, to any active recipient of your organisation; null gives it back to the whole desk.

    The new member and the former one are told, save whoever does it. Accepting assigns to nobody.
    """
    require_match(request, referral.version)
    await assign(work, referral, given.member_id)
    return referral_answer(response, await view(work, referral, "assign"))
