"""Following the suggestion of a decline over HTTP."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.referral.api.dependencies import (
    LockedParentOf,
    LockedReferralOf,
    WorkOf,
    on_side_locked,
    the_locked_parent,
)
from services.referral.api.repeating import Done, KeyOf, once, said_in
from services.referral.api.responses import ask, created_answer, undone_if_asked
from services.referral.domain.lifecycle import Side
from services.referral.schemas.referrals import ReferralView
from services.referral.schemas.sending import SendSuggested
from services.referral.use_cases.creation import refuse_future_consent
from services.referral.use_cases.duplicates import PossibleDuplicate
from services.referral.use_cases.following import forward_to_suggested, send_suggested
from services.referral.use_cases.showing import view, view_created
from shared.web.bodies import body, request_body
from shared.web.idempotency import IF_MATCH_AND_KEY
from shared.web.routing import Router
from shared.web.versions import require_match

router = Router(tags=["referrals"])


@router.post(
    "/referrals/{referral_id}/send-suggested",
    operation_id="sendSuggestedReferral",
    status_code=201,
    response_model=ReferralView,
    summary="Send a declined referral on to the suggested service",
    dependencies=[Depends(the_locked_parent), Depends(on_side_locked(Side.SOURCE))],  # a chain from the top down
    openapi_extra=request_body(SendSuggested) | IF_MATCH_AND_KEY,
)
async def follow_suggestion(
    request: Request,
    response: Response,
    work: WorkOf,
    parent: LockedParentOf,
    referral: LockedReferralOf,
    given: Annotated[SendSuggested, body(SendSuggested)],
    key: KeyOf,
) -> ReferralView | Response:
    """A new referral of the same client, with the same reason, urgency and private note and a fresh legal basis.

    The declined one is closed in the same step, and each names the other for the source. Sent again after a lost
    answer, this is a 412, or under the same key answered like the first: the declined referral has another version by
    then, and names what followed it.
    What your desk had passed on is passed on anew, as a child of the referral that you were sent.
    """
    refuse_future_consent(work, given.legal_basis)

    async def followed() -> Done[ReferralView]:
        require_match(request, referral.version)
        if parent is not None:
            child = await forward_to_suggested(work, parent, referral, given)
            return Done(await view(work, child, "forward"), referral.client_id, child.id)
        found = await send_suggested(work, referral, given)
        return Done(await view_created(work, found), referral.client_id, found.referral.id)

    try:
        async with undone_if_asked(work, given.on_duplicate):
            answer = await once(response, work, (key, said_in(request, given)), ReferralView, followed)
    except PossibleDuplicate as possible:
        return ask(request, work, possible)
    return created_answer(request, response, answer)
