"""The authenticator app: set up in the account, and removed from it."""

from typing import Annotated

from fastapi import APIRouter, Response

from services.portal.domain.codes import enrolment_address, grouped
from services.portal.pages.access import members
from services.portal.pages.account.person import own_factors
from services.portal.pages.page import Page
from services.portal.pages.qr_code import qr_code
from services.portal.pages.sign_in.browser import browser_or_new, remember
from services.portal.pages.sign_in.mailing import with_notice
from services.portal.pages.sign_in.refused_code import refuse_code
from services.portal.use_cases.people import factors_of
from services.portal.use_cases.second_factors import Checked, app_secret, confirm_app, remove_app
from services.portal.use_cases.shown_codes import make_codes

router = APIRouter()


@router.get("/account/app")
async def set_up(page: Annotated[Page, members()]) -> Response:
    """The picture and the secret for the app; with one set up, the question whether to remove it."""
    return await _show(page)


@router.post("/account/app")
async def confirm(page: Annotated[Page, members()]) -> Response:
    """The first code of the app, by which it is taken into use."""
    browser = browser_or_new(page)
    async with own_factors(page, change=True) as (tx, person):
        factors = await factors_of(tx, person.id)
        if factors.app:
            return page.redirect("/account")
        checked = await confirm_app(tx, page.state.vault, person.id, page.form.text("code"), page.now)
        if checked == "right" and not factors.recovery_codes:
            await make_codes(tx, page.state.vault, person.id, browser, page.now)
    if checked != "right":
        return await _refused(page, checked)
    target = "/account" if factors.recovery_codes else "/account/recovery-codes?return_to=/account"
    answer = remember(page, page.redirect(target), browser)
    return with_notice(page, answer, "app_added", person.address)


@router.post("/account/app/remove")
async def remove(page: Annotated[Page, members()]) -> Response:
    """Remove the app: it may be lost, so no code of it is asked for where another factor was shown."""
    async with own_factors(page, change=True) as (tx, person):
        if not (await factors_of(tx, person.id)).app:
            return page.redirect("/account")
        await remove_app(tx, person.id)
    return with_notice(page, page.redirect("/account"), "app_removed", person.address)


async def _show(page: Page, status: int = 200) -> Response:
    async with own_factors(page, change=True) as (tx, person):
        if (await factors_of(tx, person.id)).app:
            return page.render("account/app_remove.html", status=status)
        secret = await app_secret(tx, page.state.vault, person.id, page.now)
    picture = qr_code(enrolment_address(secret, person.address, "Luotsi"))
    return page.render("account/app.html", status=status, picture=picture, secret=grouped(secret))


async def _refused(page: Page, checked: Checked) -> Response:
    return await _show(page, refuse_code(page, checked, page.code("sign_in.second", checked)))
