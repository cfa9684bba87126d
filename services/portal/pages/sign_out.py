"""Signing out: here, and at the provider of the organisation where one came from there and wants to."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from fastapi.responses import RedirectResponse

from services.portal.clients.openid import way_out_address
from services.portal.domain.local_paths import START
from services.portal.pages.access import anybody
from services.portal.pages.page import Page
from services.portal.pages.session import kept_cookie
from services.portal.pages.sign_in.browser import browser_of, browser_or_new, remember
from services.portal.pages.sign_in.by_provider import SIGNED_OUT, SIGNED_OUT_STATE
from services.portal.pages.visitor import delete_cookie
from services.portal.use_cases.signing_out import has_way_out, sign_out, take_way_out

router = APIRouter()

_TO_PROVIDER: Final = "/sign-out/provider"


@router.post("/sign-out")
async def here(page: Annotated[Page, anybody()]) -> Response:
    """End the session, here and in the database. At the provider one may be signed in on: the next page offers that.

    It is a choice, for there it ends the mail and all else as well: right on a computer that is shared, and only there.
    """
    state, found, browser = page.state, page.visitor.found, browser_or_new(page)
    offered = False
    if found is not None:
        async with state.database.transaction() as tx:
            offered = await sign_out(tx, state.vault, found, browser, page.now)
    answer = page.redirect(f"{SIGNED_OUT}?lang={page.language}" if offered else START)
    delete_cookie(answer, secure=state.secure)
    delete_cookie(answer, secure=state.secure, name=kept_cookie(secure=state.secure))
    answer.headers["Clear-Site-Data"] = '"cache", "storage"'
    return remember(page, answer, browser) if offered else answer


@router.get(SIGNED_OUT)
async def signed_out(page: Annotated[Page, anybody()], everywhere: Annotated[str, Query()] = "") -> Response:
    """Word that one is signed out here, and the way to sign out at the organisation's provider too."""
    async with page.state.database.transaction() as tx:
        offered = await has_way_out(tx, page.state.vault, browser_of(page), page.now)
    return page.render("session/signed_out.html", offered=offered, everywhere=everywhere == "1" and not offered)


@router.get(_TO_PROVIDER)
async def at_provider(page: Annotated[Page, anybody()]) -> Response:
    """Send the browser to the provider, to be signed out there."""
    async with page.state.database.transaction() as tx:
        way_out = await take_way_out(tx, page.state.vault, browser_of(page), page.now)
    if way_out is None:
        return page.redirect(page.in_language(SIGNED_OUT))
    return RedirectResponse(way_out_address(way_out, SIGNED_OUT_STATE), 303)
