"""Creating a referral over HTTP, and what there is to know before."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.referral.api.dependencies import WorkOf, requires
from services.referral.api.responses import ask, created_answer, undone_if_asked
from services.referral.schemas.referrals import NewReferral, ReferralView
from services.referral.schemas.sending import BeforeSending, BeforeSendingRequest
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.checking import before_sending
from services.referral.use_cases.creation import create
from services.referral.use_cases.duplicates import PossibleDuplicate
from services.referral.use_cases.idempotency import claim_key, keep_answer, open_answer
from services.referral.use_cases.showing import view_created
from shared.problems import malformed
from shared.web.bodies import body, refuse_unstorable, request_body
from shared.web.routing import Router

router = Router(tags=["referrals"])

_IDEMPOTENCY_KEY = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": True,
            "schema": {"type": "string", "maxLength": 200},
            "description": "Your own name for this request, such as a random UUID",
        }
    ]
}


async def _idempotency_key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        detail = (
            "Send an `Idempotency-Key` header, such as a random UUID, so that a repeated request creates nothing twice."
        )
        raise malformed(detail, name="idempotency-key-missing")
    refuse_unstorable({"Idempotency-Key": key})
    if len(key) > 200 or not key.isascii() or not key.isprintable():
        raise malformed("An Idempotency-Key has up to 200 printable ASCII characters.", name="idempotency-key-invalid")
    return key


@router.post(
    "/referrals",
    operation_id="createReferral",
    status_code=201,
    response_model=ReferralView,
    summary="Refer a client to a service",
    dependencies=[Depends(requires("adviser"))],
    openapi_extra=request_body(NewReferral) | _IDEMPOTENCY_KEY,
)
async def create_referral(
    request: Request,
    response: Response,
    work: WorkOf,
    new: Annotated[NewReferral, body(NewReferral)],
    key: Annotated[str, Depends(_idempotency_key)],
) -> ReferralView | Response:
    """Create a referral and send it, or keep it as a draft with `send: false`.

    The same key with the same body gets the first answer again, and creates nothing; with another body, 422.
    What may be the same client with an open referral to the same service, or one refused there within 90 days, is
    listed in `duplicates`; with `on_duplicate: ask` nothing is created then, the answer is 409, and the key stays free.
    """
    try:
        async with undone_if_asked(work, new.on_duplicate):
            answer = await _created(work, key, new)
    except PossibleDuplicate as possible:
        return ask(request, work, possible)
    return created_answer(request, response, answer)


async def _created(work: ActorUnitOfWork, key: str, new: NewReferral) -> ReferralView:
    claimed = await claim_key(work, key, new)
    if claimed.answer is not None:
        return ReferralView.model_validate(await open_answer(work, claimed))
    created = await create(work, new)
    answer = await view_created(work, created)
    await keep_answer(work, claimed, created.referral, answer.model_dump(mode="json"))
    return answer


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
