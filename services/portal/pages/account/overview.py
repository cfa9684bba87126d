"""The account: second factors, passkeys, recovery codes, and the browsers in which one is signed in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.domain.session_life import REST
from services.portal.pages.access import members
from services.portal.pages.account.person import has_just_shown, prove_address, session_of
from services.portal.pages.devices import device_name
from services.portal.pages.page import Page
from services.portal.queries.providers import signs_in_by_provider
from services.portal.queries.sessions import sessions_of
from services.portal.queries.ways_in import ways_in
from services.portal.use_cases import sessions
from services.portal.use_cases.passkeys import passkeys_of
from services.portal.use_cases.people import factors_of, person_of
from services.portal.use_cases.recovery import end_other_sessions
from shared.portal_paths import SIGN_IN

router = APIRouter()


@router.get("/account")
async def overview(page: Annotated[Page, members()], recovered: Annotated[str, Query()] = "") -> Response:
    """All that a person has to sign in with, and every browser in which it is signed in."""
    return await account_page(page, recovered=recovered == "1")


async def account_page(page: Page, *, recovered: bool = False, status: int = 200) -> Response:
    """The page of the account, perhaps with what is wrong with what was typed there."""
    current = session_of(page)
    async with page.state.database.transaction() as tx:
        by_provider = await signs_in_by_provider(tx, page.account)
        person = await person_of(tx, page.account.email, page.now)
        factors = await factors_of(tx, person.id)
        passkeys = await passkeys_of(tx, person.id)
        memberships = [each.member_id for each in (await ways_in(tx, page.account.email)).memberships]
        open_ones = await sessions_of(tx, memberships, page.now - REST)
    shown = [
        {"session": each, "device": device_name(each.device), "current": each.id == current.id} for each in open_ones
    ]
    return page.render(
        "account/account.html",
        status=status,
        by_provider=by_provider,
        factors=factors,
        passkeys=passkeys,
        sessions=shown,
        recovered=recovered,
        may_change=has_just_shown(page),
        prove=prove_address("/account"),
    )


@router.post("/account/sessions/end-others")
async def end_others(page: Annotated[Page, members()]) -> Response:
    """End the sessions in all other browsers."""
    session = session_of(page)
    async with page.state.database.transaction() as tx:
        await end_other_sessions(tx, page.account.email, page.now, but=session.id)
    return page.redirect("/account#sessions")


@router.post("/account/sessions/{session_id}/end")
async def end_one(page: Annotated[Page, members()], session_id: UUID) -> Response:
    """End the session in one browser; in this one it is a sign-out."""
    session = session_of(page)
    async with page.state.database.transaction() as tx:
        memberships = [each.member_id for each in (await ways_in(tx, page.account.email)).memberships]
        await sessions.end_one_of(tx, memberships, session_id, page.now)
    return page.redirect(SIGN_IN if session_id == session.id else "/account#sessions")
