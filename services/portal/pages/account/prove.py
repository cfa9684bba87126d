"""Showing again who one is, with a second factor, before it is changed: an open browser is not enough for that."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import JSONResponse

from services.portal.domain.local_paths import local_path
from services.portal.pages.access import members
from services.portal.pages.account.person import PROVE, has_just_shown, own_factors, session_of
from services.portal.pages.page import Page
from services.portal.pages.sign_in.browser import browser_of, browser_or_new, remember
from services.portal.pages.sign_in.refused_code import refuse_code
from services.portal.queries.providers import signs_in_by_provider
from services.portal.use_cases.passkeys import accept_passkey, ask_for_passkey
from services.portal.use_cases.people import factors_of
from services.portal.use_cases.second_factors import check_app
from services.portal.use_cases.sessions import note_proof

router = APIRouter()


@router.get(PROVE)
async def show(page: Annotated[Page, members()], return_to: Annotated[str, Query()] = "") -> Response:
    """Ask for a code of the app or a passkey; nothing where one was just shown."""
    if has_just_shown(page):
        return page.redirect(local_path(return_to))
    async with page.state.database.transaction() as tx:
        elsewhere = await signs_in_by_provider(tx, page.account)
    if elsewhere:
        return page.render("account/prove_elsewhere.html", return_to=local_path(return_to))
    return await _ask(page, local_path(return_to))


@router.post(PROVE)
async def by_code(page: Annotated[Page, members()]) -> Response:
    """A code of the person's app."""
    return_to = local_path(page.form.text("return_to"))
    async with own_factors(page) as (tx, person):
        checked = await check_app(tx, page.state.vault, person.id, page.form.text("code"), page.now)
        if checked == "right":
            await note_proof(tx, session_of(page).id, page.now)
    if checked == "right":
        return page.redirect(return_to)
    return await _ask(page, return_to, refuse_code(page, checked, page.code("sign_in.second", checked)))


@router.post(PROVE + "/passkey/options")
async def options(page: Annotated[Page, members()]) -> Response:
    """What the device needs to answer with a passkey."""
    browser = browser_or_new(page)
    async with own_factors(page) as (tx, _):
        asked = await ask_for_passkey(tx, page.state.vault, page.state.site, browser, page.now)
    return remember(page, JSONResponse(asked), browser)


@router.post(PROVE + "/passkey")
async def by_passkey(page: Annotated[Page, members()]) -> Response:
    """What the device answered; another person's passkey proves nothing."""
    return_to, answer = local_path(page.form.text("return_to")), page.form.text("credential")
    async with own_factors(page) as (tx, person):
        shown = await accept_passkey(tx, page.state.vault, page.state.site, browser_of(page), answer, page.now)
        own = shown is not None and shown.id == person.id
        if own:
            await note_proof(tx, session_of(page).id, page.now)
    if own:
        return page.redirect(return_to)
    page.form.refuse("", page.t("account.prove.refused"))
    return await _ask(page, return_to, 422)


async def _ask(page: Page, return_to: str, status: int = 200) -> Response:
    async with own_factors(page) as (tx, person):
        factors = await factors_of(tx, person.id)
    return page.render("account/prove.html", status=status, factors=factors, return_to=return_to)
