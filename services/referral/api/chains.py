"""Chains over HTTP: passing a referral on, and what a withdrawal of its consent would mean."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.referral.api.dependencies import LockedReferralOf, ReferralOf, WorkOf, on_side_for_reading, on_side_locked
from services.referral.api.repeating import Done, KeyOf, once, said_in
from services.referral.api.responses import created_answer
from services.referral.domain.lifecycle import LIFECYCLE, Side
from services.referral.queries.withdrawals import withdrawal_preview
from services.referral.schemas.commands import Forward
from services.referral.schemas.referrals import ReferralView
from services.referral.schemas.withdrawal import WithdrawalPreview
from services.referral.use_cases.forwarding import forward, recipient_to_ask
from services.referral.use_cases.showing import view
from shared.web.bodies import body, request_body
from shared.web.idempotency import IF_MATCH_AND_KEY
from shared.web.routing import Router
from shared.web.versions import require_match

router = Router(tags=["referrals"])


@router.post(
    "/referrals/{referral_id}/forward",
    operation_id="forwardReferral",
    status_code=201,
    summary="Pass the referral on to a third organisation",
    dependencies=[Depends(on_side_locked(*LIFECYCLE["forward"].sides))],
    openapi_extra=request_body(Forward) | IF_MATCH_AND_KEY,
)
async def forward_referral(
    request: Request,
    response: Response,
    work: WorkOf,
    referral: LockedReferralOf,
    to: Annotated[Forward, body(Forward)],
    key: KeyOf,
) -> ReferralView:
    """Answers with the child, which your organisation is the source of; yours stays as it is, with a higher version.

    So a repeated request creates nothing twice: the second is answered 412, or like the first one under the same key.
    The child needs a legal basis of its own.
    """

    async def forwarded() -> Done[ReferralView]:
        recipient = await recipient_to_ask(work, to)
        require_match(request, referral.version)
        child = await view(work, await forward(work, referral, to, recipient), "forward")
        return Done(child, referral.client_id, child.id)

    return created_answer(
        request, response, await once(response, work, (key, said_in(request, to)), ReferralView, forwarded)
    )


@router.get(
    "/referrals/{referral_id}/withdrawal",
    operation_id="previewWithdrawal",
    summary="What rests on the consent, before it is withdrawn",
    dependencies=[Depends(on_side_for_reading(Side.SOURCE))],
)
async def get_withdrawal(work: WorkOf, referral: ReferralOf) -> WithdrawalPreview:
    """What a withdrawal would end, children included, and who has seen the client by this consent until now."""
    return await withdrawal_preview(work, referral)
