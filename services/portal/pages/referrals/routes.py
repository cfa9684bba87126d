"""The addresses of a referral: its page, and writing to the other side."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.pages.access import members
from services.portal.pages.forms import NOT_TAKEN
from services.portal.pages.page import Page
from services.portal.pages.referrals import giving
from services.portal.pages.referrals.showing import show

router = APIRouter()


@router.get("/referrals/{referral_id}")
async def referral(page: Annotated[Page, members("adviser", "recipient")], referral_id: UUID) -> Response:
    """A referral as the member's side sees it."""
    return await show(page, referral_id)


@router.post("/referrals/{referral_id}/messages")
async def write(page: Annotated[Page, members("adviser", "recipient")], referral_id: UUID) -> Response:
    """Write to the other side."""
    form = page.form
    try:
        written = await page.referral.post(
            "/referrals/{id}/messages", {"text": form.text("text")}, key=form.key, id=referral_id
        )
        # Who answers has read what there was.
        await page.referral.post("/referrals/{id}/messages/read", {"up_to": written["id"]}, id=referral_id)
    except NOT_TAKEN as problem:
        if problem.status in (403, 404):
            raise
        form.take(problem)
        return await show(page, referral_id, status=422, form=form)
    return page.redirect(f"/referrals/{referral_id}#messages")


router.include_router(giving.router)
