"""Signing in with a passkey: the device asks for finger, face or PIN, so it is two factors in one."""

from typing import Annotated

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

from services.portal.domain.local_paths import local_path
from services.portal.pages.access import anybody
from services.portal.pages.counted import refused
from services.portal.pages.page import Page
from services.portal.pages.sign_in.browser import browser_of, browser_or_new, network, remember
from services.portal.pages.sign_in.finishing import finish, go_on
from services.portal.pages.sign_in.start import start_page
from services.portal.use_cases.limits import allows
from services.portal.use_cases.passkeys import accept_passkey, ask_for_passkey
from services.portal.use_cases.proofs import Proof, begin_proof, complete, find_proof
from services.portal.vault import new_secret

router = APIRouter()


@router.post("/sign-in/passkey/options")
async def options(page: Annotated[Page, anybody()]) -> Response:
    """What the device needs to sign in with any of its passkeys for this site."""
    browser = browser_or_new(page)
    async with page.state.database.transaction() as tx:
        if not await allows(tx, page.state.vault, "begun_from_address", network(page), page.now):
            return JSONResponse({}, 429)
        asked = await ask_for_passkey(tx, page.state.vault, page.state.site, browser, page.now)
    return remember(page, JSONResponse(asked), browser)


@router.post("/sign-in/passkey")
async def use(page: Annotated[Page, anybody()]) -> Response:
    """What the device answered."""
    form, return_to = page.form, local_path(page.form.text("return_to"))
    async with page.state.database.transaction() as tx:
        person = await accept_passkey(
            tx, page.state.vault, page.state.site, browser_of(page), form.text("credential"), page.now
        )
        if person is not None:
            browser = new_secret()
            await begin_proof(tx, page.state.vault, browser, Proof(person.id, person.address, return_to), page.now)
            step, _ = await find_proof(tx, page.state.vault, browser, page.now) or (None, None)
            assert step is not None
            proof = complete(tx, page.state.vault, step, "passkey")
            to = await go_on(page, tx, step, proof)
    if person is None:
        refused("passkey")
        form.refuse("", page.t("sign_in.passkey.refused"))
        return await start_page(page, return_to, status=422)
    return remember(page, await finish(page, proof, to), browser)
