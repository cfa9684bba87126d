"""Signing in with the provider of an organisation: there, and back again."""

import logging
from typing import Annotated, Final
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Query, Response
from fastapi import Path as InPath
from fastapi.responses import RedirectResponse

from services.portal.clients.openid import Arrival, arrive, depart
from services.portal.clients.provider_http import ProviderFault, Registration
from services.portal.domain.identities import Identity
from services.portal.domain.local_paths import local_path
from services.portal.pages.access import anybody
from services.portal.pages.counted import refused
from services.portal.pages.page import Page
from services.portal.pages.session import signed_in
from services.portal.pages.sign_in.browser import browser_of, browser_or_new, network, remember
from services.portal.pages.sign_in.by_mail import ask_by_mail
from services.portal.pages.sign_in.finishing import no_access, over
from services.portal.queries.providers import organization_with_provider
from services.portal.tables import Organization, Provider
from services.portal.use_cases.attempts import Content, Step, begin_step, find_step, keep_in, steps_of, use_up
from services.portal.use_cases.limits import allows
from services.portal.use_cases.provider_sign_in import arrived, checked_identity
from services.portal.use_cases.providers import note_test, provider_in_use, registration_of
from shared.database.transaction import Transaction
from shared.problems import not_found

log = logging.getLogger(__name__)

router = APIRouter()

ANSWER: Final = "/sign-in/provider/answer"
"""Where providers send people back to"""
SIGNED_OUT: Final = "/signed-out"
"""Where somebody comes who has signed out"""
SIGNED_OUT_STATE: Final = "signed-out"
"""What a provider is told to bring back from a sign-out: it leads to the same address, so that one is registered"""
Slug = Annotated[str, InPath(pattern=r"^[a-z0-9-]+$")]
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


@router.get(ANSWER)
async def answer(page: Annotated[Page, anybody()]) -> Response:
    """Back from a provider, with its answer."""
    query = page.request.query_params
    given = dict(query)
    if given in ({}, {"state": SIGNED_OUT_STATE}):
        return page.redirect(f"{SIGNED_OUT}?everywhere=1")
    async with page.state.database.transaction() as tx:
        step = await find_step(tx, page.state.vault, "provider", given.get("state", ""), browser_of(page), page.now)
        if not isinstance(step, Step) or len(given) != len(query.multi_items()):
            return over(page)
        use_up(tx, step, page.now)
        provider = await tx.get(Provider, UUID(step.content["organization_id"]))
    if provider is None or provider.version != step.content["version"]:
        return over(page)
    try:
        arrival = await arrive(registration(page, provider), given, step.content["nonce"], step.content["verifier"])
        identity = checked_identity(provider, arrival.claims)
    except ProviderFault as fault:
        return await _faulty(page, provider, fault, test=step.content["test"], status=403)
    if step.content["test"]:
        said = {name: arrival.claims.get(name) for name in ("amr", "acr")}
        return await _tested(page, provider, {"ok": True, **said})
    return await _arrived(page, provider, identity, arrival, step.content["return_to"])


@router.get("/sign-in/at/{slug}")
@router.get("/sign-in/provider/{slug}", name="leave-by-former-address")
async def leave(
    page: Annotated[Page, anybody()], slug: Slug, return_to: Annotated[str, Query()] = "", again: str = ""
) -> Response:
    """Send somebody to the provider of their organisation; `again`: who is known there signs in all the same.

    The former address stays for links that people have kept; below it no organisation can be called `answer`.
    """
    async with page.state.database.transaction() as tx:
        organization = await organization_with_provider(tx, slug)
        if organization is None:
            raise not_found("organization")
        provider = await provider_in_use(tx, organization.id)
        allowed = await allows(tx, page.state.vault, "begun_from_address", network(page), page.now)
    if not allowed:
        return page.render("sign_in/too_many.html", status=429)
    assert provider is not None
    return await depart_for(page, provider, local_path(return_to), again=bool(again))


async def depart_for(
    page: Page, provider: Provider, return_to: str, *, test: bool = False, again: bool = False
) -> Response:
    """Begin a sign-in with a provider, and send the browser there."""
    browser = browser_or_new(page)
    content: Content = {
        "organization_id": str(provider.organization_id),
        "version": provider.version,
        "return_to": return_to,
        "test": test,
    }
    async with page.state.database.transaction() as tx:
        state = await begin_step(tx, page.state.vault, "provider", browser, content, page.now)
    try:
        departure = await depart(registration(page, provider), state, again=again)
    except ProviderFault as fault:
        return await _faulty(page, provider, fault, test=test, status=502)
    async with page.state.database.transaction() as tx:
        step = await find_step(tx, page.state.vault, "provider", state, browser, page.now)
        if not isinstance(step, Step):
            return over(page)
        keep_in(tx, page.state.vault, step, content | {"nonce": departure.nonce, "verifier": departure.verifier})
    return remember(page, RedirectResponse(departure.address, 303), browser)


async def _arrived(page: Page, provider: Provider, identity: Identity, arrival: Arrival, return_to: str) -> Response:
    """Sign in who came back from a provider; who is not known yet is asked for the mail address, once."""
    if not provider.in_use:
        return over(page)
    async with page.state.database.transaction() as tx:
        found = await arrived(tx, provider, identity)
        organization = await tx.get_one(Organization, provider.organization_id)
        if not found.known and organization.active:
            content = {
                "organization_id": str(provider.organization_id),
                "issuer": identity.issuer,
                "subject": identity.subject,
                "return_to": return_to,
                "address": _address(arrival.claims),
                "way_out": arrival.way_out,
            }
            browser = browser_or_new(page)
            await begin_step(tx, page.state.vault, "linking", browser, content, page.now)
            return remember(page, page.redirect(page.in_language("/sign-in/linking")), browser)
    if found.account is None:
        return no_access(page)
    return await signed_in(page, found.account.id, "provider", return_to, way_out=arrival.way_out)


def _address(claims: Content) -> str:
    """The address that a provider names, to fill it in; it proves nothing."""
    told = claims.get("email")
    return told if isinstance(told, str) and len(told) <= 254 and told.isprintable() else ""


async def _faulty(page: Page, provider: Provider, fault: ProviderFault, *, test: bool, status: int) -> Response:
    """Say what is wrong: to an administrator who tests in detail, to a member that it is not their doing."""
    log.warning("the provider of %s: %s %s", provider.organization_id, fault.reason, fault.about)
    if test:
        return await _tested(page, provider, {"ok": False, "reason": fault.reason, "about": fault.about})
    refused("provider")
    return page.render("sign_in/provider_fault.html", status=status, fault=fault)


@router.get("/sign-in/linking")
async def linking(page: Annotated[Page, anybody()]) -> Response:
    """Ask somebody whom a provider knows, and Luotsi does not yet, for the address that they are a member by."""
    async with page.state.database.transaction() as tx:
        step = await _linking(page, tx)
    if step is None:
        return over(page)
    page.form.values.setdefault("email", [step.content["address"]])
    return page.render("sign_in/linking.html")


@router.post("/sign-in/linking")
async def link(page: Annotated[Page, anybody()]) -> Response:
    """Send a mail to that address, should it be a member's of the organisation."""
    async with page.state.database.transaction() as tx:
        step = await _linking(page, tx)
    if step is None:
        return over(page)
    identity = {name: step.content[name] for name in ("organization_id", "issuer", "subject", "way_out")}
    return await ask_by_mail(page, step.content["return_to"], identity)


async def _linking(page: Page, tx: Transaction) -> Step | None:
    return next(iter(await steps_of(tx, page.state.vault, "linking", browser_of(page), page.now)), None)


async def _tested(page: Page, provider: Provider, result: Content) -> Response:
    """Write down what came of a test, and go back to where it was begun."""
    async with page.state.database.transaction() as tx:
        await note_test(tx, provider.organization_id, provider.version, result, page.now)
    return page.redirect(f"/organizations/{provider.organization_id}/sign-in#test")


def registration(page: Page, provider: Provider) -> Registration:
    """How the portal is registered with a provider."""
    redirect_uri = page.state.settings.public_url.rstrip("/") + ANSWER
    return registration_of(page.state.vault, provider, redirect_uri, loopback=may_be_local(page))


def may_be_local(page: Page) -> bool:
    """Whether a provider may be one on this machine, without encryption: where things are tried out alone."""
    settings = page.state.settings
    return settings.environment == "development" and urlsplit(settings.public_url).hostname in _LOOPBACK
