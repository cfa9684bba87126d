"""How the members of an organisation sign in: its identity provider, set and tested by an administrator."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.portal.domain.identities import UnfitIssuer, clean_issuer
from services.portal.pages.access import members
from services.portal.pages.account.person import has_just_shown, prove_address, require_fresh
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import administered, named
from services.portal.pages.page import Page
from services.portal.pages.sign_in.by_provider import ANSWER, depart_for, may_be_local
from services.portal.tables import Organization, Provider
from services.portal.texts import of_code
from services.portal.use_cases.providers import ProviderSettings, remove_provider, set_provider, take_into_use
from shared.actors import PLATFORM_SLUG
from shared.database.transaction import Transaction
from shared.problems import not_found

router = APIRouter()

_LONGEST = 500


@router.get("/organizations/{organization_id}/sign-in")
async def show(page: Annotated[Page, members("admin")], organization_id: UUID) -> Response:
    """The provider as it is, what came of its last test, and the steps to set one up."""
    async with page.state.database.transaction() as tx:
        organization = await _own(page, tx, organization_id)
        provider = await tx.get(Provider, organization_id)
    return _render(page, organization, provider, _filled(page, provider))


@router.post("/organizations/{organization_id}/sign-in")
async def save(page: Annotated[Page, members("admin")], organization_id: UUID) -> Response:
    """Set the provider; what was typed comes back with what is wrong with it."""
    async with page.state.database.transaction() as tx:
        organization = await _own(page, tx, organization_id)
        provider = await tx.get(Provider, organization_id)
        typed = _typed(page, provider)
        if not has_just_shown(page):
            page.form.refuse("", page.t("provider.prove_first"))
            return _render(page, organization, provider, page.form, 403)
        if typed is None:
            return _render(page, organization, provider, page.form, 422)
        version, by = _version(page.form.text("version")), page.account.id
        set_now = await set_provider(tx, page.state.vault, organization_id, typed, version, by, page.now)
        if set_now is None:
            page.form.refuse("", page.t("provider.changed_meanwhile"))
            return _render(page, organization, provider, page.form, 409)
    return page.redirect(f"/organizations/{organization_id}/sign-in#test")


@router.get("/organizations/{organization_id}/sign-in/test")
async def test(page: Annotated[Page, members("admin")], organization_id: UUID) -> Response:
    """Try the provider as it is set: its document, and then a sign-in with it. It changes nobody's session."""
    async with page.state.database.transaction() as tx:
        await _own(page, tx, organization_id)
        provider = await tx.get(Provider, organization_id)
    if provider is None:
        raise not_found("provider")
    return await depart_for(page, provider, "/", test=True)


@router.post("/organizations/{organization_id}/sign-in/use")
async def use(page: Annotated[Page, members("admin")], organization_id: UUID) -> Response:
    """Take the provider into use, or out of it. With the last the members sign in here again."""
    require_fresh(page)
    async with page.state.database.transaction() as tx:
        organization = await _own(page, tx, organization_id)
        done = await take_into_use(tx, organization_id, use=page.form.text("use") == "true")
        provider = await tx.get(Provider, organization_id)
    if not done:
        page.form.refuse("", page.t("provider.not_tested"))
        return _render(page, organization, provider, _filled(page, provider, page.form), 409)
    return page.redirect(f"/organizations/{organization_id}/sign-in#state")


@router.post("/organizations/{organization_id}/sign-in/remove")
async def remove(page: Annotated[Page, members("admin")], organization_id: UUID) -> Response:
    """Forget the provider, and who the members are to it."""
    require_fresh(page)
    async with page.state.database.transaction() as tx:
        await _own(page, tx, organization_id)
        await remove_provider(tx, organization_id)
    return page.redirect(f"/organizations/{organization_id}/sign-in")


async def _own(page: Page, tx: Transaction, organization_id: UUID) -> Organization:
    """The organisation, for its own administrators and the platform's. Raises 404 for everybody else."""
    organization = await tx.get(Organization, organization_id)
    own = page.account.organization_id == organization_id or page.account.organization_slug == PLATFORM_SLUG
    if organization is None or not own:
        raise not_found("organization")
    return organization


def _version(given: str) -> int:
    """The version that the form was made from: 0 where there was no provider, -1 for what is none."""
    try:
        return int(given or "0")
    except ValueError:
        return -1


def _typed(page: Page, provider: Provider | None) -> ProviderSettings | None:
    """What was typed; None where something is wrong, which the form says then."""
    form = page.form
    client_id, secret = form.text("client_id"), form.optional("client_secret")
    issuer = ""
    try:
        issuer = clean_issuer(form.text("issuer"), loopback=may_be_local(page))
    except UnfitIssuer as unfit:
        form.refuse("issuer", of_code("provider.unfit", unfit.reason, page.language))
    if not client_id or len(client_id) > _LONGEST or not client_id.isprintable():
        form.refuse("client_id", page.t("provider.client_id.missing"))
    known = provider is not None and (provider.issuer, provider.client_id) == (issuer, client_id)
    if secret is not None and (len(secret) > _LONGEST or not secret.isprintable()):
        form.refuse("client_secret", page.t("provider.client_secret.unfit"))
    elif secret is None and not known:
        form.refuse("client_secret", page.t("provider.client_secret.missing"))
    form.values.pop("client_secret", None)
    return None if form.errors else ProviderSettings(issuer, client_id, secret, form.checked("vouches"))


def _filled(page: Page, provider: Provider | None, posted: Form | None = None) -> Form:
    shown = (
        Form(page.language)
        if provider is None
        else Form.filled(
            page.language,
            {"issuer": provider.issuer, "client_id": provider.client_id, "vouches": provider.vouches},
        )
    )
    shown.errors = [] if posted is None else posted.errors
    return shown


def _render(
    page: Page, organization: Organization, provider: Provider | None, form: Form, status: int = 200
) -> Response:
    context: dict[str, Any] = {
        "at": administered(page, organization.id),
        "organization": named(page, organization),
        "provider": provider,
        "version": 0 if provider is None else provider.version,
        "redirect_uri": page.state.settings.public_url.rstrip("/") + ANSWER,
        "form": form,
        "prove": None if has_just_shown(page) else prove_address(f"/organizations/{organization.id}/sign-in"),
    }
    return page.render("provider/provider.html", status=status, **context)
