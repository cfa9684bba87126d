"""Referrals over HTTP: read, list, edit, timeline, and a route per command of the lifecycle."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response

from services.referral.api.dependencies import LockedReferralOf, ReferralOf, WorkOf, on_side_locked
from services.referral.api.lists import ListWanted, PageWanted, list_wanted, next_page, page_wanted, position
from services.referral.api.responses import ask, referral_answer, undone_if_asked
from services.referral.domain.lifecycle import LIFECYCLE, Rule, Side, Status
from services.referral.queries.referrals import list_referrals, summaries
from services.referral.queries.timeline import timeline
from services.referral.schemas.commands import BODIES, CommandBody, Send
from services.referral.schemas.referrals import DraftChange, ReferralPage, ReferralView
from services.referral.schemas.timeline import Timeline
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.commands import check_carried, perform
from services.referral.use_cases.creation import edit, named_by
from services.referral.use_cases.duplicates import PossibleDuplicate, duplicates_of
from services.referral.use_cases.showing import look_at, view
from shared.problems import conflict
from shared.web.bodies import body, request_body
from shared.web.routing import Router
from shared.web.versions import IF_MATCH, require_match

router = Router(tags=["referrals"])

_ROUTES_OF_THEIR_OWN = {"forward"}


@router.get(
    "/referrals", operation_id="listReferrals", summary="Referrals sent or received by your organisation, newest first"
)
async def get_referrals(
    request: Request,
    work: WorkOf,
    page: Annotated[PageWanted, Depends(page_wanted)],
    wanted: Annotated[ListWanted, Depends(list_wanted)],
) -> ReferralPage:
    """Only what you may see: those your organisation made (role adviser) or was sent (role recipient).

    `next` keeps filters and order.
    """
    found = await list_referrals(work, wanted.filter, wanted.sort, position(page, wanted), page.limit + 1)
    contents = await summaries(work, found[: page.limit])
    return ReferralPage.model_validate({"contents": contents, "next": next_page(request, page, wanted, found)})


@router.get("/referrals/{referral_id}", operation_id="getReferral", summary="A referral as your side sees it")
async def get_referral(
    response: Response, work: WorkOf, referral: ReferralOf, look: Annotated[bool, Query()] = True
) -> ReferralView:
    """Two first looks are noted and raise the version: the recipient's, and the source's at the answer.

    The source is told of the recipient's. With `look=false` nothing is noted: for a program that reads it while nobody
    is looking.
    """
    if look:
        await look_at(work, referral)
    return referral_answer(response, await view(work, referral, "read"))


@router.patch(
    "/referrals/{referral_id}",
    operation_id="updateReferral",
    summary="Change a draft",
    dependencies=[Depends(on_side_locked(Side.SOURCE))],
    openapi_extra=request_body(DraftChange) | IF_MATCH,
)
async def edit_referral(
    request: Request,
    response: Response,
    work: WorkOf,
    referral: LockedReferralOf,
    change: Annotated[DraftChange, body(DraftChange)],
) -> ReferralView:
    """Fields that are left out stay; null takes a text away. Another recipient needs a fresh legal basis."""
    named = await named_by(work, change)
    require_match(request, referral.version)
    if referral.status != Status.DRAFT:
        raise conflict("Only a draft can be changed; this referral was sent.", name="illegal-command")
    await edit(work, referral, change, named)
    return referral_answer(response, await view(work, referral, "edit"))


@router.get("/referrals/{referral_id}/timeline", operation_id="getTimeline", summary="What happened, and who was told")
async def get_timeline(work: WorkOf, referral: ReferralOf) -> Timeline:
    """All that happened as your side may know it, oldest first."""
    return Timeline(contents=await timeline(work, referral))


def _command_route(command: str, rule: Rule) -> Callable[..., Awaitable[ReferralView | Response]]:
    model: Any = BODIES[rule.carries]

    async def give_command(
        request: Request,
        response: Response,
        work: WorkOf,
        referral: LockedReferralOf,
        carried: Annotated[CommandBody, body(model)],
    ) -> ReferralView | Response:
        await check_carried(work, referral, carried)
        require_match(request, referral.version)
        if isinstance(carried, Send):
            return await _send(request, response, work, referral, carried)
        await perform(work, referral, command, carried)
        return referral_answer(response, await view(work, referral, command))

    return give_command


async def _send(
    request: Request, response: Response, work: ActorUnitOfWork, referral: Referral, carried: Send
) -> ReferralView | Response:
    """Sending says what there is already, and does not happen when the caller wants to be asked first."""
    try:
        async with undone_if_asked(work, carried.on_duplicate):
            await perform(work, referral, "send", carried)
            duplicates = await duplicates_of(work, referral, carried.on_duplicate)
    except PossibleDuplicate as possible:
        return ask(request, work, possible)
    return referral_answer(response, await view(work, referral, "send", duplicates=duplicates))


def _operation_id(command: str) -> str:
    """`acceptReferral`, `withdrawConsent`: a verb and a noun."""
    verb, *noun = command.split("-")
    return verb + "".join(part.capitalize() for part in noun or ["referral"])


def _add_command_routes() -> None:
    for command, rule in LIFECYCLE.items():
        if not rule.sides or command in _ROUTES_OF_THEIR_OWN:
            continue
        sources = ", ".join(status for status in Status if status in rule.sources)
        router.add_api_route(
            f"/referrals/{{referral_id}}/{command}",
            _command_route(command, rule),
            methods=["POST"],
            response_model=ReferralView,
            name=command,
            operation_id=_operation_id(command),
            summary=f"{command.capitalize().replace('-', ' ')} the referral",
            description=f"From {sources} to {rule.to or 'the same status'}, by the {' or '.join(sorted(rule.sides))}. "
            f"Carries {rule.carries}. Needs `If-Match`.",
            dependencies=[Depends(on_side_locked(*rule.sides))],
            openapi_extra=request_body(BODIES[rule.carries]) | IF_MATCH,
        )


_add_command_routes()
