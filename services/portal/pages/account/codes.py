"""Recovery codes: shown until their owner has kept them, and made anew."""

from typing import Annotated

from fastapi import APIRouter, Query, Response

from services.portal.domain.local_paths import local_path
from services.portal.pages.access import members
from services.portal.pages.account.person import own_factors
from services.portal.pages.page import Page
from services.portal.pages.sign_in.browser import browser_of, browser_or_new, remember
from services.portal.pages.sign_in.mailing import with_notice
from services.portal.use_cases.shown_codes import codes_are_kept, codes_to_show, make_codes

router = APIRouter()


@router.get("/account/recovery-codes")
async def show(page: Annotated[Page, members()], return_to: Annotated[str, Query()] = "") -> Response:
    """The fresh codes, to be written down or printed; without fresh ones the way to make some."""
    async with own_factors(page) as (tx, person):
        codes = await codes_to_show(tx, page.state.vault, person.id, browser_of(page), page.now)
    return page.render("account/codes.html", codes=codes, return_to=local_path(return_to))


@router.post("/account/recovery-codes/kept")
async def kept(page: Annotated[Page, members()]) -> Response:
    """The codes are kept: they are shown no more."""
    async with own_factors(page) as (tx, person):
        await codes_are_kept(tx, page.state.vault, person.id, browser_of(page), page.now)
    return page.redirect(local_path(page.form.text("return_to")))


@router.post("/account/recovery-codes/new")
async def make(page: Annotated[Page, members()]) -> Response:
    """Fresh codes in place of the former ones, which open nothing any more."""
    browser = browser_or_new(page)
    async with own_factors(page, change=True) as (tx, person):
        await codes_are_kept(tx, page.state.vault, person.id, browser, page.now)
        await make_codes(tx, page.state.vault, person.id, browser, page.now)
    answer = remember(page, page.redirect("/account/recovery-codes?return_to=/account"), browser)
    return with_notice(page, answer, "codes_made", person.address)
