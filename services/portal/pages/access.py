"""Who may see a page. Every route has one `Access`, which hands it its `Page`."""

from collections.abc import Iterable
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import Depends, Request

from services.portal.domain.local_paths import local_path
from services.portal.domain.roles import ROLES
from services.portal.pages.forms import Form, parse_form
from services.portal.pages.page import Page
from services.portal.pages.state import PortalApp
from services.portal.pages.visitor import Visitor, visitor_of
from services.portal.queries.accounts import Account
from services.portal.use_cases import kept_forms
from services.portal.vault import csrf_token
from shared.problems import Problem, forbidden, not_found
from shared.web.base import state_of

KEPT: Final = "luotsi.kept"
"""In a request's scope: the secret under which the form was kept that was sent when the session had ended"""
FORM: Final = "luotsi.form"
"""In a request's scope: the form that a page of the session had sent, to be shown again where something goes wrong"""
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_FORM: Final = "application/x-www-form-urlencoded"


class SignInNeeded(Problem):
    """Nobody is signed in, or no longer; the answer leads to the sign-in page, and from there back."""

    def __init__(self) -> None:
        super().__init__(401, "unauthenticated", "Sign in first", "Sign in to see this page.")


class ForgedForm(Problem):
    """A form that no page of this session sent; nothing was done. `why` names what is told about it."""

    def __init__(self, why: str, detail: str) -> None:
        super().__init__(403, why, "The form was not taken", detail)


@dataclass(frozen=True)
class Access:
    """Members with one of `roles`, or any member where none is named; with `public`, anybody.

    `platform` asks for an administrator of the platform itself; whoever is none learns nothing of the page.
    """

    roles: frozenset[str] = frozenset()
    public: bool = False
    platform: bool = False

    async def __call__(self, request: Request) -> Page:
        """The page for who asks. Raises 401, 404 and 403, and 403 for a form that another site had sent."""
        state, visitor = state_of(request, PortalApp), visitor_of(request)
        posted = request.method not in _SAFE
        if posted:
            _refuse_other_sites(request, state.settings.public_url)
        form = await _form(request, visitor) if posted else None
        if visitor.member is None:
            if not self.public:
                await _keep(request, state, visitor, form)
                raise SignInNeeded
        else:
            self._require(visitor.member)
            if form is not None:
                _refuse_forged(request, visitor, form)
                request.scope[FORM] = form
        return Page(request, state, visitor, form)

    def allows(self, member: Account) -> bool:
        """Whether a member may see the page."""
        if self.platform and not member.is_platform_admin:
            return False
        return self.allows_roles(member.roles)

    def allows_roles(self, roles: Iterable[str]) -> bool:
        """Whether one of these roles lets somebody see the page."""
        return not self.roles or not self.roles.isdisjoint(roles)

    def _require(self, member: Account) -> None:
        if not self.allows(member):
            if self.platform:
                raise not_found("page")
            raise forbidden(f"This page takes the role {' or '.join(sorted(self.roles))} in your organisation.")


def anybody() -> Any:
    """`Depends` on the page, for everybody: `page: Annotated[Page, anybody()]`."""
    return Depends(Access(public=True))


def members(*roles: str) -> Any:
    """`Depends` on the page, for members with one of `roles`, or for any member."""
    if unknown := set(roles) - set(ROLES):
        raise ValueError(f"no such roles: {unknown}")
    return Depends(Access(frozenset(roles)))


def platform_admins() -> Any:
    """`Depends` on the page, for administrators of the platform."""
    return Depends(Access(platform=True))


def _refuse_other_sites(request: Request, public_url: str) -> None:
    """Refuse what was not sent by a page of this site (Fetch Metadata; where a browser has none, by its Origin)."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        same = site in ("same-origin", "none")
    else:
        origin = urlsplit(request.headers.get("Origin", ""))
        ours = (urlsplit(public_url).netloc, request.headers.get("Host", ""))
        same = bool(origin.netloc) and origin.netloc in ours
    if not same:
        raise ForgedForm("other-site", "The form was not sent by a page of this site.")


async def _form(request: Request, visitor: Visitor) -> Form:
    """The form of a request; an empty one where something else was sent."""
    body = await request.body()
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if body and kind != _FORM:
        raise Problem(415, "unsupported-media-type", "Not a form", "Send the form as the page has it.")
    return parse_form(body, visitor.language)


def _refuse_forged(request: Request, visitor: Visitor, form: Form) -> None:
    assert visitor.found is not None
    given = form.text("csrf_token") or request.headers.get("X-CSRF-Token", "")
    if not compare_digest(given.encode(), csrf_token(visitor.found.secret).encode()):
        raise ForgedForm("form-outdated", "The form is of an earlier session. Open the page again.")


def where_to(request: Request) -> str:
    """The address within the site that a form was sent to."""
    query = request.url.query
    return local_path(request.url.path + (f"?{query}" if query else ""))


async def _keep(request: Request, state: PortalApp, visitor: Visitor, form: Form | None) -> None:
    """Keep what a member was sending when the session had ended; what strangers send is not kept."""
    if form is None or visitor.found is None or not form.values:
        return
    given = form.text("csrf_token") or request.headers.get("X-CSRF-Token", "")
    if not compare_digest(given.encode(), csrf_token(visitor.found.secret).encode()):
        return
    kept = kept_forms.Kept(where_to(request), form.fields())
    async with state.database.transaction() as tx:
        request.scope[KEPT] = await kept_forms.keep(tx, visitor.found.session.member_id, kept, state.clock())


__all__ = ["FORM", "KEPT", "Access", "SignInNeeded", "anybody", "members", "platform_admins", "where_to"]
