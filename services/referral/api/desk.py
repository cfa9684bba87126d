"""Desk work over HTTP: who looks after a referral, one answer to many, and handing over."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.referral.api.dependencies import LockedReferralOf, WorkOf, on_side_locked, requires
from services.referral.api.repeating import Done, KeyOf, once, said_in
from services.referral.api.responses import referral_answer
from services.referral.domain.lifecycle import Side
from services.referral.schemas.desk import Assignment, Bulk, BulkResults, HandedOver, HandedOverReferral, HandOver
from services.referral.schemas.referrals import ReferralView
from services.referral.tables import Member, Referral
from services.referral.use_cases.assignment import assign, require_assignable
from services.referral.use_cases.bulk import give_to_many
from services.referral.use_cases.handover import hand_over_own, listed_open, own_to_hand_over
from services.referral.use_cases.showing import view
from shared.web.bodies import body, request_body
from shared.web.idempotency import KEY_TAKEN
from shared.web.routing import Router
from shared.web.versions import IF_MATCH, require_match

router = Router(tags=["desk"])


@router.post(
    "/referrals/{referral_id}/assign",
    operation_id="assignReferral",
    summary="Assign the referral to a member of your desk",
    dependencies=[Depends(on_side_locked(Side.TARGET))],
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

    The new member and the former one are told, except the one who does it. Accepting assigns to nobody.
    """
    await require_assignable(work, given.member_id)
    require_match(request, referral.version)
    assign(work, referral, given.member_id)
    return referral_answer(response, await view(work, referral, "assign"))


@router.post(
    "/referrals/bulk",
    operation_id="answerReferrals",
    summary="Accept or decline many referrals",
    dependencies=[Depends(requires("recipient"))],
    openapi_extra=request_body(Bulk) | KEY_TAKEN,
)
async def answer_many(
    request: Request, response: Response, work: WorkOf, bulk: Annotated[Bulk, body(Bulk)], key: KeyOf
) -> BulkResults:
    """Each of up to 100 in the version that you have seen, with a result of its own; one that fails holds up no other.

    `status` and `problem` are what a request for that referral alone would have been answered.
    """

    async def answered() -> Done[BulkResults]:
        return Done(BulkResults(contents=await give_to_many(work, bulk)))

    return await once(response, work, (key, said_in(request, bulk)), BulkResults, answered)


@router.get(
    "/handover",
    operation_id="previewHandOver",
    summary="What you would hand over, and to whom",
    dependencies=[Depends(requires("adviser", "recipient"))],
)
async def preview_hand_over(
    work: WorkOf, to: Annotated[UUID | None, Query(description="Your deputy unless given")] = None
) -> HandedOver:
    """What `POST /handover` would answer now; 422 as there, where nobody could take it. Nothing is handed over."""
    return _shown(*await own_to_hand_over(work, to, listed_open))


@router.post(
    "/handover",
    operation_id="handOverReferrals",
    summary="Hand over all that you have open",
    dependencies=[Depends(requires("adviser", "recipient"))],
    openapi_extra=request_body(HandOver) | KEY_TAKEN,
)
async def hand_over(
    request: Request, response: Response, work: WorkOf, given: Annotated[HandOver, body(HandOver)], key: KeyOf
) -> HandedOver:
    """What you are the adviser of, drafts included, and what is assigned to you goes to your deputy, or to `to`.

    Whoever takes over needs the roles for it; otherwise nothing is handed over.
    """

    async def handed_over() -> Done[HandedOver]:
        return Done(_shown(*await hand_over_own(work, given.to)))

    return await once(response, work, (key, said_in(request, given)), HandedOver, handed_over)


def _shown(heir: Member, taken: Sequence[tuple[Referral, Side]]) -> HandedOver:
    contents = [
        HandedOverReferral(
            id=referral.id, reference=referral.reference, status=referral.status, version=referral.version, side=side
        )
        for referral, side in taken
    ]
    return HandedOver(to=heir.id, contents=contents)
