"""Creating a referral over HTTP, and what there is to know before."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.referral.api.dependencies import WorkOf, requires
from services.referral.api.repeating import Done, NeededKeyOf, once
from services.referral.api.responses import ask, created_answer, undone_if_asked
from services.referral.schemas.referrals import NewReferral, ReferralView
from services.referral.schemas.sending import BeforeSending, BeforeSendingRequest
from services.referral.use_cases.checking import before_sending
from services.referral.use_cases.creation import create
from services.referral.use_cases.duplicates import PossibleDuplicate
from services.referral.use_cases.showing import view_created
from shared.web.bodies import body, request_body
from shared.web.idempotency import KEY_NEEDED
from shared.web.routing import Router

router = Router(tags=["referrals"])


@router.post(
    "/referrals",
    operation_id="createReferral",
    status_code=201,
    response_model=ReferralView,
    summary="Refer a client to a service",
    dependencies=[Depends(requires("adviser"))],
    openapi_extra=request_body(NewReferral) | KEY_NEEDED,
)
async def create_referral(
    request: Request,
    response: Response,
    work: WorkOf,
    new: Annotated[NewReferral, body(NewReferral)],
    key: NeededKeyOf,
) -> ReferralView | Response:
    """Create a referral and send it, or keep it as a draft with `send: false`.

    The same key with the same body gets the first answer again, and creates nothing; with another body, 422.
    What may be the same client with an open referral to the same service, or one refused there within 90 days, is
    listed in `duplicates`; with `on_duplicate: ask` nothing is created then, the answer is 409, and the key stays free.
    """

    async def created() -> Done[ReferralView]:
        found = await create(work, new)
        return Done(await view_created(work, found), found.client.id, found.referral.id)

    try:
        async with undone_if_asked(work, new.on_duplicate):
            answer = await once(response, work, (key, (_said(new),)), ReferralView, created)
    except PossibleDuplicate as possible:
        return ask(request, work, possible)
    return created_answer(request, response, answer)


def _said(new: NewReferral) -> str:
    """What makes two requests to create the same; as it was before there was the choice, where it is not made."""
    return new.model_dump_json(exclude={"on_duplicate"} if new.on_duplicate == "go_on" else None)


@router.post(
    "/referrals/check",
    operation_id="checkReferral",
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
