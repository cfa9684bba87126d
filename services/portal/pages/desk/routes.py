"""The addresses of the day's work: the queues, answers to many, capacity and closures."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Response

from services.portal.clients.api import ApiProblem, Away, side_by_side
from services.portal.pages.access import members
from services.portal.pages.desk import handover
from services.portal.pages.desk.answers import Outcome, asked_in, chosen_in, give, why_not
from services.portal.pages.desk.listing import RECENT, show_queues
from services.portal.pages.desk.openness import add_closure, remove_closure, set_capacity
from services.portal.pages.desk.queues import Wanted, wanted
from services.portal.pages.page import Page
from services.portal.pages.referrals.own_notices import see_with_answer
from services.portal.pages.referrals.step import fields_at_fault

router = APIRouter()

DeskPage = Annotated[Page, members("recipient")]
WantedHere = Annotated[Wanted, Depends(wanted)]


@router.get("/desk")
async def queues(page: DeskPage, wanted: WantedHere, answered: Annotated[str, Query(max_length=400)] = "") -> Response:
    """A queue, and the numbers of all."""
    return await show_queues(page, wanted, answered=answered)


@router.post("/desk/answers")
async def answer(page: DeskPage, wanted: WantedHere) -> Response:
    """Accept or decline what was chosen. Where all went, the queue again; else it says what did not, and why."""
    asked, chosen = asked_in(page.form), chosen_in(page.form)
    if not chosen:
        page.form.refuse("bulk", page.t("desk.bulk.nothing_chosen"))
        return await show_queues(page, wanted)
    try:
        outcome = await give(page, asked, chosen)
    except ApiProblem as problem:
        page.form.take(problem, fields_at_fault(page.form))
        return await show_queues(page, wanted, chosen=chosen)
    await see_with_answer(page, outcome.done)
    answered, known = await _references(page, outcome)
    if not outcome.refused:
        return page.redirect(wanted.here(answered=answered))
    for each, refusal in outcome.refused.items():
        referral = known.get(each)
        why = why_not(refusal, outcome.happened.get(each, []), referral, page.language)
        name = referral["reference"] if referral else page.t("desk.not_done.unknown")
        page.form.refuse(f"row-{each}", page.t("desk.not_done", reference=name, why=why))
    return await show_queues(page, wanted, status=409, chosen=outcome.refused, answered=answered)


async def _references(page: Page, outcome: Outcome) -> tuple[str, dict[str, dict[str, str]]]:
    """The references of what was answered, for the address; and what is known of each by its id."""
    [recent] = await side_by_side(page.referral.get("/referrals", RECENT))
    known = {} if isinstance(recent, Away) else {each["id"]: each for each in recent["contents"]}
    return ",".join(known[each]["reference"] for each in outcome.done if each in known), known


@router.post("/desk/capacity/{service_id}")
async def capacity(page: DeskPage, wanted: WantedHere, service_id: UUID) -> Response:
    """Say whether one of the organisation's services has room."""
    fields = {"status": f"capacity-{service_id}", "available": f"available-{service_id}"}
    return await _change(page, wanted, lambda: set_capacity(page, str(service_id)), fields)


@router.post("/desk/closures")
async def close(page: DeskPage, wanted: WantedHere) -> Response:
    """Say on which days the organisation is closed."""
    return await _change(page, wanted, lambda: add_closure(page), {})


@router.post("/desk/closures/remove")
async def open_again(page: DeskPage, wanted: WantedHere) -> Response:
    """Take a closure away."""
    return await _change(page, wanted, lambda: remove_closure(page), {})


async def _change(
    page: Page, wanted: Wanted, change: Callable[[], Awaitable[None]], fields: dict[str, str]
) -> Response:
    """Change what the catalogue says of the organisation, or say beside the field what is wrong."""
    try:
        await change()
    except ApiProblem as problem:
        if problem.status in (403, 404):
            raise
        page.form.take(problem, fields)
        return await show_queues(page, wanted, status=problem.status)
    return page.redirect(wanted.here(openness="changed") + "#openness")


router.include_router(handover.router)
