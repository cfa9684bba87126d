"""What there is to know before a referral is sent, over HTTP; asking creates nothing."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.referral.api.dependencies import WorkOf, requires
from services.referral.schemas import BeforeSendingRequest
from services.referral.use_cases.checking import before_sending
from services.referral.views import BeforeSending
from shared.bodies import body, request_body

router = APIRouter(tags=["referrals"])


@router.post(
    "/referrals/check",
    summary="What there is to know before sending",
    dependencies=[Depends(requires("adviser"))],
    openapi_extra=request_body(BeforeSendingRequest),
)
async def check_referral(
    work: WorkOf, asked: Annotated[BeforeSendingRequest, body(BeforeSendingRequest)]
) -> BeforeSending:
    """Asks for nothing to be done and creates nothing. Refused like sending when the service can't be referred to.

    Without `client` and `client_id` there is nobody to look for, and `duplicates` is empty.
    """
    return await before_sending(work, asked)
