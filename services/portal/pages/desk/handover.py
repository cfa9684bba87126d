"""Handing over before an absence: to whom, what would move, and then doing it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal import texts
from services.portal.clients.api import Answer, ApiProblem, Away, side_by_side
from services.portal.pages.access import members
from services.portal.pages.forms import NOT_TAKEN, Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from services.portal.pages.referrals.colleagues import colleagues_of

router = APIRouter()

HandoverPage = Annotated[Page, members("adviser", "recipient")]
_FIELDS = {"query.to": "to"}


@router.get("/desk/handover")
async def before(page: HandoverPage, to: Annotated[str, Query()] = "", moved: Annotated[int, Query()] = -1) -> Response:
    """What would go to whom; `moved` says how much went just now."""
    return await _show(page, Form.filled(page.language, {"to": to}), moved=moved)


@router.post("/desk/handover")
async def hand_over(page: HandoverPage) -> Response:
    """Hand over, to whom the form names."""
    form = page.form
    try:
        answer = await page.referral.post("/handover", {"to": form.optional("to")}, key=form.key)
    except NOT_TAKEN as problem:
        form.take(problem)
        return await _show(page, form, status=422)
    return page.redirect(f"/desk/handover?to={answer['to']}&moved={len(answer['contents'])}")


async def _show(page: Page, form: Form, *, status: int = 200, moved: int = -1) -> Response:
    preview, people, received = await side_by_side(
        _preview(page, form),
        colleagues_of(page),
        page.referral.get("/referrals", {"box": "received", "assigned": "me", "open": True, "limit": 100}),
    )
    if form.unanswered and isinstance(preview, Away):  # there would be no form on the page
        raise preview
    heir = None if isinstance(preview, Away) or preview is None else preview["to"]
    is_deputy = heir is not None and not form.text("to")
    if is_deputy:
        form.values["to"] = [str(heir)]
    return page.render(
        "desk/handover.html",
        status=status,
        form=form,
        away=isinstance(preview, Away),
        people=[
            {"value": each["id"], "label": each["email"]}
            for each in people
            if each["active"] and each["id"] != str(page.account.id)
        ],
        heir=next((each["email"] for each in people if each["id"] == heir), None),
        known=heir is not None,
        is_deputy=is_deputy,
        moving=_moving(preview, received, page.language) if heir else [],
        moved=moved,
    )


async def _preview(page: Page, form: Form) -> Answer | None:
    """What would be handed over; None where there is nobody yet to whom, which is said beside the field."""
    to = form.text("to")
    try:
        return await page.referral.get("/handover", {"to": to if _is_id(to) else None})
    except ApiProblem as problem:
        if problem.status == 403:
            raise
        if to and not form.errors:
            form.take(problem, _FIELDS)
        return None


def _is_id(given: str) -> bool:
    try:
        UUID(given)
    except ValueError:
        return False
    return True


def _moving(preview: Answer, received: Answer | Away, language: str) -> list[JSON]:
    """What would move: those that were received with the name of the service, which the preview does not have."""
    known = {} if isinstance(received, Away) else {each["id"]: each for each in received["contents"]}
    return [
        {
            "href": f"/referrals/{each['id']}",
            "reference": each["reference"],
            "status": each["status"],
            "side": each["side"],
            "service": texts.name(known[each["id"]]["service"]["name"], language) if each["id"] in known else "",
        }
        for each in preview["contents"]
    ]
