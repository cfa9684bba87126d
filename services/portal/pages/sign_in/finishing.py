"""The end of every way in: a session for an account, the choice of one, or word that there is none."""

from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.pages.access import anybody
from services.portal.pages.counted import refused
from services.portal.pages.page import Page
from services.portal.pages.session import signed_in
from services.portal.pages.sign_in.browser import browser_of
from services.portal.pages.sign_in.mailing import with_notice
from services.portal.use_cases.attempts import Step
from services.portal.use_cases.proofs import Proof, enter, find_proof
from services.portal.use_cases.recovery import end_other_sessions
from services.portal.use_cases.shown_codes import make_codes
from shared.database.transaction import Transaction

router = APIRouter()


async def go_on(
    page: Page, tx: Transaction, step: Step, proof: Proof, member_id: UUID | None = None
) -> UUID | Response:
    """What a complete proof leads to: the id of the account to be signed in, or a page."""
    found = await enter(tx, step, proof, member_id, page.now)
    if isinstance(found, list):
        return page.redirect(page.in_language("/sign-in/organization")) if found else no_access(page)
    browser = browser_of(page)
    if proof.new_codes and browser is not None:
        await make_codes(tx, page.state.vault, proof.person_id, browser, page.now)
    if proof.complete == "recovery_code":
        await end_other_sessions(tx, proof.address, page.now)
    return found.id


async def finish(page: Page, proof: Proof, to: UUID | Response) -> Response:
    """Sign in, when the transaction that proved it has ended."""
    if isinstance(to, Response):
        return to
    assert proof.complete is not None
    target = proof.return_to
    if proof.new_codes:
        target = "/account/recovery-codes?" + urlencode({"return_to": proof.return_to})
    if proof.complete == "recovery_code":
        target = "/account?recovered=1"
    answer = await signed_in(page, to, proof.complete, target)
    if proof.complete == "recovery_code":
        return with_notice(page, answer, "recovery_code_used", proof.address)
    return answer


def no_access(page: Page, reason: str = "none") -> Response:
    """Word for somebody who has shown who they are, and may not work here: whom to ask."""
    refused("no_access")
    return page.render("sign_in/no_access.html", status=403, reason=reason)


def over(page: Page) -> Response:
    """Word that the step has come to nothing, and the way to begin anew."""
    return page.render("sign_in/over.html", status=410)


@router.get("/sign-in/organization")
async def choose(page: Annotated[Page, anybody()]) -> Response:
    """The organisations that somebody who has proved who they are may work for."""
    async with page.state.database.transaction() as tx:
        found = await find_proof(tx, page.state.vault, browser_of(page), page.now)
        if found is None or found[1].complete is None:
            return over(page)
        accounts = await enter(tx, *found, UUID(int=0), page.now)
    return page.render("sign_in/organization.html", accounts=accounts) if accounts else no_access(page)


@router.post("/sign-in/organization")
async def chosen(page: Annotated[Page, anybody()]) -> Response:
    """Work for the organisation that was chosen."""
    async with page.state.database.transaction() as tx:
        found = await find_proof(tx, page.state.vault, browser_of(page), page.now)
        if found is None or found[1].complete is None:
            return over(page)
        to = await go_on(page, tx, *found, _id(page.form.text("member_id")))
    return await finish(page, found[1], to)


def _id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        return UUID(int=0)
