"""Passkeys of one's own: added under a name, renamed, removed."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.portal.pages.access import members
from services.portal.pages.account.overview import account_page
from services.portal.pages.account.person import own_factors
from services.portal.pages.devices import device_name
from services.portal.pages.page import Page
from services.portal.pages.sign_in.browser import browser_of, browser_or_new, remember
from services.portal.pages.sign_in.mailing import with_notice
from services.portal.tables import Passkey
from services.portal.use_cases.passkeys import LONGEST_NAME, Given, add_passkey, begin_passkey, remove_passkey
from services.portal.use_cases.people import factors_of
from services.portal.use_cases.shown_codes import make_codes
from shared.problems import not_found

router = APIRouter()


@router.post("/account/passkeys/options")
async def options(page: Annotated[Page, members()]) -> Response:
    """What the device needs to make a passkey."""
    browser = browser_or_new(page)
    async with own_factors(page, change=True) as (tx, person):
        asked = await begin_passkey(tx, page.state.vault, page.state.site, person, browser, page.now)
    return remember(page, JSONResponse(asked), browser)


@router.post("/account/passkeys")
async def add(page: Annotated[Page, members()]) -> Response:
    """Keep the passkey that the device made."""
    browser = browser_or_new(page)
    async with own_factors(page, change=True) as (tx, person):
        given = Given(page.form.text("credential"), _name(page))
        codes = (await factors_of(tx, person.id)).recovery_codes
        made = await add_passkey(tx, page.state.vault, page.state.site, person, browser_of(page), given, page.now)
        if made is not None and not codes:
            await make_codes(tx, page.state.vault, person.id, browser, page.now)
    if made is None:
        page.form.refuse("", page.t("sign_in.passkey.failed"))
        return await account_page(page, status=422)
    target = "/account#passkeys" if codes else "/account/recovery-codes?return_to=/account"
    return with_notice(page, page.redirect(target), "passkey_added", person.address)


@router.post("/account/passkeys/{passkey_id}/name")
async def rename(page: Annotated[Page, members()], passkey_id: UUID) -> Response:
    """Give a passkey another name."""
    async with own_factors(page) as (tx, person):
        passkey = await tx.get(Passkey, passkey_id, lock=True)
        if passkey is None or passkey.person_id != person.id:
            raise not_found("passkey")
        passkey.name = _name(page)
        tx.update(passkey)
    return page.redirect("/account#passkeys")


@router.post("/account/passkeys/{passkey_id}/remove")
async def remove(page: Annotated[Page, members()], passkey_id: UUID) -> Response:
    """Remove a passkey: nobody signs in with it any more."""
    async with own_factors(page, change=True) as (tx, person):
        if await remove_passkey(tx, person.id, passkey_id) is None:
            raise not_found("passkey")
    return with_notice(page, page.redirect("/account#passkeys"), "passkey_removed", person.address)


def _name(page: Page) -> str:
    """The name that was typed, else what the browser is called."""
    typed = " ".join("".join(each if each.isprintable() else " " for each in page.form.text("name")).split())
    device = device_name(page.request.headers.get("User-Agent", ""))
    return typed[:LONGEST_NAME] or device or page.t("account.passkeys.first")
