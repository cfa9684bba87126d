"""Signing in by a mail: the address, the link with its button, and the code for where the link does not lead."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Response

from services.portal.domain.local_paths import local_path
from services.portal.pages.access import anybody
from services.portal.pages.counted import refused
from services.portal.pages.page import Page
from services.portal.pages.session import signed_in
from services.portal.pages.sign_in.browser import browser_of, browser_or_new, network, remember
from services.portal.pages.sign_in.finishing import no_access
from services.portal.pages.sign_in.mailing import with_mail, with_notice
from services.portal.pages.sign_in.start import start_page
from services.portal.queries.accounts import Account
from services.portal.queries.ways_in import ways_in
from services.portal.texts import of_code
from services.portal.use_cases.attempts import Content, Step, was_just_used
from services.portal.use_cases.mail_sign_in import Wanted, ask_for_mail, look_at_link, open_link, type_code
from services.portal.use_cases.people import person_of
from services.portal.use_cases.proofs import Proof, begin_proof
from services.portal.use_cases.provider_sign_in import link_by_mail
from services.portal.use_cases.signing_out import WayOut
from services.portal.vault import new_secret
from shared.database.transaction import Transaction
from shared.values.email_addresses import clean_address

router = APIRouter()


@router.post("/sign-in/mail")
async def ask(page: Annotated[Page, anybody()]) -> Response:
    """Send a mail to the address, should it be a member's. The answer is the same for every address."""
    return await ask_by_mail(page, local_path(page.form.text("return_to")))


async def ask_by_mail(page: Page, return_to: str, linking: Content | None = None) -> Response:
    """Send a mail to the address that was typed, should it be a member's; or say what is wrong with it."""
    try:
        address = clean_address(page.form.text("email"))
    except ValueError:
        page.form.refuse("email", page.t("sign_in.mail.no_address"))
        if linking is not None:
            return page.render("sign_in/linking.html", status=422)
        return await start_page(page, return_to, status=422)
    browser = browser_or_new(page)
    wanted = Wanted(address, return_to, page.language, network(page), linking, page.form.key)
    async with page.state.database.transaction() as tx:
        asked = await ask_for_mail(tx, page.state.vault, browser, wanted, page.now)
    if asked.too_many:
        refused("too_many")
        return page.render("sign_in/too_many.html", status=429)
    answer = remember(page, page.redirect(page.in_language("/sign-in/mail")), browser)
    return with_mail(page, answer, asked.mail)


@router.get("/sign-in/mail")
async def check_mail(page: Annotated[Page, anybody()]) -> Response:
    """What to do now: open the link in this browser, or type the code of the mail here."""
    return page.render("sign_in/check_mail.html")


@router.post("/sign-in/code")
async def code(page: Annotated[Page, anybody()]) -> Response:
    """The code of a mail that was read somewhere else."""
    async with page.state.database.transaction() as tx:
        found = await type_code(tx, page.state.vault, page.form.text("code"), browser_of(page), page.now)
        if isinstance(found, Step):
            to = await _proved(page, tx, found)
    if isinstance(found, Step):
        return await _answer(page, to)
    refused("mail_code")
    page.form.refuse("code", of_code("sign_in.code", found, page.language))
    page.form.values.pop("code", None)
    return page.render("sign_in/check_mail.html", status=422)


@router.get("/sign-in/link/{token}")
async def link(page: Annotated[Page, anybody()], token: str) -> Response:
    """The page behind the link of a mail. Opening it uses nothing up: programs that look through mail do that too."""
    async with page.state.database.transaction() as tx:
        unfit = await look_at_link(tx, page.state.vault, token, browser_of(page), page.now)
    if unfit is not None:
        return page.render("sign_in/link_unfit.html", status=410 if unfit == "over" else 403, unfit=unfit)
    return page.render("sign_in/link.html")


@router.post("/sign-in/link/{token}")
async def use_link(page: Annotated[Page, anybody()], token: str) -> Response:
    """The button on that page."""
    async with page.state.database.transaction() as tx:
        found = await open_link(tx, page.state.vault, token, browser_of(page), page.now)
        if isinstance(found, Step):
            to = await _proved(page, tx, found)
        twice = found == "over" and await was_just_used(tx, "mail", browser_of(page), page.now)
    if twice:
        return page.redirect(page.in_language("/sign-in/second"))
    if not isinstance(found, Step):
        refused("mail_link")
        return page.render("sign_in/link_unfit.html", status=410 if found == "over" else 403, unfit=found)
    return await _answer(page, to)


@dataclass(frozen=True)
class _Next:
    """What follows when the mail to an address was answered: an account, the second factor, or word of no access."""

    return_to: str = "/"
    account: Account | None = None
    way_out: WayOut | None = None
    browser: str = ""
    refused: str | None = None


async def _proved(page: Page, tx: Transaction, step: Step) -> _Next:
    address, return_to, linking = (step.content[name] for name in ("address", "return_to", "linking"))
    if linking is not None:
        linked = await link_by_mail(tx, linking, address, page.now)
        return _Next(refused=linked) if isinstance(linked, str) else _Next(return_to, linked, linking.get("way_out"))
    if not (await ways_in(tx, address)).local:
        return _Next(refused="none")
    person = await person_of(tx, address, page.now)
    browser = new_secret()  # nobody goes on with one that was known before
    await begin_proof(tx, page.state.vault, browser, Proof(person.id, address, return_to), page.now)
    return _Next(browser=browser)


async def _answer(page: Page, to: _Next) -> Response:
    if to.refused is not None:
        return no_access(page, to.refused)
    if to.account is not None:
        answer = await signed_in(page, to.account.id, "provider", to.return_to, way_out=to.way_out)
        return with_notice(page, answer, "provider_linked", to.account.email)
    return remember(page, page.redirect(page.in_language("/sign-in/second")), to.browser)
