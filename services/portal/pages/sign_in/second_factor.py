"""The second factor after the mail: a code of an app, a passkey or a recovery code; set up where there is none yet."""

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.portal.domain.codes import enrolment_address, grouped
from services.portal.pages.access import anybody
from services.portal.pages.page import Page
from services.portal.pages.qr_code import qr_code
from services.portal.pages.sign_in.browser import browser_of
from services.portal.pages.sign_in.finishing import finish, go_on, over
from services.portal.pages.sign_in.mailing import with_notice
from services.portal.pages.sign_in.refused_code import refuse_code
from services.portal.tables import Person
from services.portal.use_cases.attempts import Step, was_just_used
from services.portal.use_cases.passkeys import Given, add_passkey, begin_passkey
from services.portal.use_cases.people import factors_of
from services.portal.use_cases.proofs import Proof, complete, find_proof
from services.portal.use_cases.second_factors import Checked, app_secret, check_app, confirm_app, use_recovery_code
from shared.database.transaction import Transaction

router = APIRouter()


@router.get("/sign-in/second")
async def second(page: Annotated[Page, anybody()]) -> Response:
    """Ask for the second factor, or set one up for somebody who has none."""
    return await _ask(page)


@router.post("/sign-in/second")
async def code(page: Annotated[Page, anybody()]) -> Response:
    """A code of the person's app."""
    async with page.state.database.transaction() as tx:
        found = await _open_proof(page, tx)
        if found is None:
            return await _again(page, tx)
        step, proof = found
        checked = await check_app(tx, page.state.vault, proof.person_id, page.form.text("code"), page.now)
        if checked == "right":
            proof = complete(tx, page.state.vault, step, "mail")
            to = await go_on(page, tx, step, proof)
    return await finish(page, proof, to) if checked == "right" else await _refused(page, checked)


@router.post("/sign-in/second/app")
async def set_up_app(page: Annotated[Page, anybody()]) -> Response:
    """The first code of an app, by which it is taken into use. Who has a second factor does not get another so."""
    async with page.state.database.transaction() as tx:
        found = await _open_proof(page, tx)
        if found is None:
            return await _again(page, tx)
        if (await factors_of(tx, found[1].person_id)).any:
            return over(page)
        step, proof = found
        checked = await confirm_app(tx, page.state.vault, proof.person_id, page.form.text("code"), page.now)
        if checked == "right":
            proof = complete(tx, page.state.vault, step, "mail", new_codes=True)
            to = await go_on(page, tx, step, proof)
    if checked != "right":
        return await _refused(page, checked)
    return with_notice(page, await finish(page, proof, to), "app_added", proof.address)


@router.post("/sign-in/second/passkey/options")
async def passkey_options(page: Annotated[Page, anybody()]) -> Response:
    """What the device needs to make the first passkey of somebody who has no second factor."""
    async with page.state.database.transaction() as tx:
        found, browser = await _open_proof(page, tx), browser_of(page)
        if found is None or browser is None or (await factors_of(tx, found[1].person_id)).any:
            return JSONResponse({}, 410)
        person = await tx.get_one(Person, found[1].person_id)
        return JSONResponse(await begin_passkey(tx, page.state.vault, page.state.site, person, browser, page.now))


@router.post("/sign-in/second/passkey")
async def set_up_passkey(page: Annotated[Page, anybody()]) -> Response:
    """The first passkey of somebody who has no second factor."""
    async with page.state.database.transaction() as tx:
        found = await _open_proof(page, tx)
        if found is None or (await factors_of(tx, found[1].person_id)).any:
            return over(page)
        step, proof = found
        person = await tx.get_one(Person, proof.person_id)
        made = await add_passkey(
            tx,
            page.state.vault,
            page.state.site,
            person,
            browser_of(page),
            Given(page.form.text("credential"), page.t("account.passkeys.first")),
            page.now,
        )
        if made is not None:
            proof = complete(tx, page.state.vault, step, "passkey", new_codes=True)
            to = await go_on(page, tx, step, proof)
    if made is None:
        page.form.refuse("", page.t("sign_in.passkey.failed"))
        return await _ask(page, status=422)
    return with_notice(page, await finish(page, proof, to), "passkey_added", proof.address)


@router.get("/sign-in/recovery")
async def recovery(page: Annotated[Page, anybody()]) -> Response:
    """Ask for a recovery code, from somebody who has proved to read the mail."""
    async with page.state.database.transaction() as tx:
        found = await _open_proof(page, tx)
    return over(page) if found is None else page.render("sign_in/recovery.html")


@router.post("/sign-in/recovery")
async def recover(page: Annotated[Page, anybody()]) -> Response:
    """Sign in with a recovery code in place of the second factor. The person's other sessions end."""
    async with page.state.database.transaction() as tx:
        found = await _open_proof(page, tx)
        if found is None:
            return await _again(page, tx)
        step, proof = found
        checked = await use_recovery_code(tx, page.state.vault, proof.person_id, page.form.text("code"), page.now)
        if checked == "right":
            proof = complete(tx, page.state.vault, step, "recovery_code")
            to = await go_on(page, tx, step, proof)
    if checked == "right":
        return await finish(page, proof, to)
    status = refuse_code(page, checked, page.code("sign_in.recovery", checked), "recovery_code")
    return page.render("sign_in/recovery.html", status=status)


async def _ask(page: Page, status: int = 200) -> Response:
    async with page.state.database.transaction() as tx:
        found = await find_proof(tx, page.state.vault, browser_of(page), page.now)
        if found is None:
            return over(page)
        proof = found[1]
        if proof.complete is not None:
            return page.redirect(page.in_language("/sign-in/organization"))
        factors = await factors_of(tx, proof.person_id)
        if factors.any:
            return page.render("sign_in/second.html", status=status, factors=factors, return_to=proof.return_to)
        secret = await app_secret(tx, page.state.vault, proof.person_id, page.now)
    picture = qr_code(enrolment_address(secret, proof.address, "Luotsi"))
    return page.render("sign_in/set_up.html", status=status, picture=picture, secret=grouped(secret))


async def _open_proof(page: Page, tx: Transaction) -> tuple[Step, Proof] | None:
    """What the browser has proved, as long as a second factor is wanted."""
    found = await find_proof(tx, page.state.vault, browser_of(page), page.now)
    return found if found is not None and found[1].complete is None else None


async def _again(page: Page, tx: Transaction) -> Response:
    """The answer to a form that comes when the sign-in has ended: by a double click it has ended well."""
    twice = await was_just_used(tx, "proof", browser_of(page), page.now)
    return page.redirect("/") if twice else over(page)


async def _refused(page: Page, checked: Checked) -> Response:
    status = refuse_code(page, checked, page.code("sign_in.second", checked), "app_code")
    return await _ask(page, status)
