"""The page that is being made: who it is for, in which language, and how it goes out."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from services.portal import texts
from services.portal.clients.api import ApiClient
from services.portal.domain.local_paths import local_path, page_of
from services.portal.pages.forms import Form
from services.portal.pages.navigation import Link, links_for
from services.portal.pages.state import PortalApp
from services.portal.pages.visitor import BY_ITSELF, LOOKED_AT, Visitor
from services.portal.queries.accounts import Account
from services.portal.vault import csrf_token

CODE_REFUSED: Final = "identity_code"
"""In the query of a page that somebody was led to because a personal identity code stood in its address"""


class Page:
    """What a route needs to make its page. Templates have it as `page`."""

    def __init__(self, request: Request, state: PortalApp, visitor: Visitor, form: Form | None = None) -> None:
        self.request = request
        self.state = state
        self.visitor = visitor
        self.language = visitor.language
        self.direction = texts.direction(visitor.language)
        self.now = state.clock()
        self.area: str | None = None
        """The area whose link in the head is marked, where the address does not say it: a referral has two sides"""
        self._form = form

    @property
    def member(self) -> Account | None:
        """The member who is signed in; None for a visitor."""
        return self.visitor.member

    @property
    def account(self) -> Account:
        """The member who is signed in, on a page that only members see."""
        assert self.visitor.member is not None
        return self.visitor.member

    @property
    def form(self) -> Form:
        """What was posted; an empty form where nothing was."""
        if self._form is None:
            self._form = Form(self.language)
        return self._form

    @property
    def csrf_token(self) -> str:
        """What a form of this session carries; empty for a visitor."""
        return (
            "" if self.visitor.member is None or self.visitor.found is None else csrf_token(self.visitor.found.secret)
        )

    @property
    def path(self) -> str:
        """The address of this page within the site, where it may be come back to."""
        url, referer = self.request.url, self.request.headers.get("Referer", "")
        return page_of(self.request.method, url.path, url.query, referer)

    @property
    def navigation(self) -> list[Link]:
        """The links that the member's roles open, for the page's head."""
        here = self.area or self.request.url.path
        return [] if self.member is None else links_for(self.member, here, self.language)

    @property
    def memberships(self) -> int:
        """In how many organisations the person is a member; with more than one, they may switch."""
        return 0 if self.visitor.found is None else self.visitor.found.memberships

    @property
    def languages(self) -> list[Mapping[str, Any]]:
        """The languages to choose from, each with the address of this page in it."""
        path, _, query = self.path.partition("?")
        others = [(name, value) for name, value in parse_qsl(query) if name not in ("lang", CODE_REFUSED)]
        return [
            {
                "code": code,
                "name": texts.native_name(code),
                "current": code == self.language,
                "href": f"{path}?{urlencode([*others, ('lang', code)])}",
            }
            for code in texts.LANGUAGES
        ]

    @property
    def code_refused(self) -> str | None:
        """What to say where a personal identity code stood in the address that was asked for."""
        return self.t("problems.personal-identity-code.text") if CODE_REFUSED in self.request.query_params else None

    @property
    def is_partial(self) -> bool:
        """Whether a script of the page asks for a part of it (htmx)."""
        return self.request.headers.get("HX-Request") == "true"

    @property
    def is_looked_at(self) -> bool:
        """Whether somebody looks at what is asked for: not where a window that nobody is at follows what happens."""
        asked = self.request.method == "GET" and not self.is_partial
        return asked and self.request.headers.get(BY_ITSELF, LOOKED_AT) == LOOKED_AT

    @property
    def show_accounts(self) -> bool:
        """Whether people may sign in as a seeded account, to try things."""
        return self.state.settings.show_accounts

    @property
    def catalog(self) -> ApiClient:
        """The catalogue's API, asked for the member."""
        return self.state.api("catalog", self.member, self.language)

    @property
    def referral(self) -> ApiClient:
        """The referral service's API, asked for the member."""
        return self.state.api("referral", self.member, self.language)

    @property
    def notifications(self) -> ApiClient:
        """The notification service's API, asked for the member."""
        return self.state.api("notifications", self.member, self.language)

    def t(self, key: str, /, **values: object) -> str:
        """The text under `key` in the language of the page."""
        return texts.text(key, self.language, **values)

    def code(self, prefix: str, value: str, /) -> str:
        """A code of an API in words, in the language of the page; the code itself where it has none."""
        return texts.of_code(prefix, value, self.language)

    def in_language(self, path: str, **query: str) -> str:
        """An address within the site; for a visitor with the language that was chosen, which is kept nowhere else."""
        if self.member is None and "lang" in self.request.query_params:
            query["lang"] = self.language
        return path + (f"?{urlencode(query)}" if query else "")

    def render(
        self, template: str, /, *, status: int = 200, headers: Mapping[str, str] | None = None, **context: Any
    ) -> Response:
        """The page out of its template, in which `page` and `form` are to be had besides `context`.

        One that shows a form again because an API did not answer says that by its status.
        """
        context.setdefault("form", self.form)
        if self.form.unanswered:
            status, headers = 503, {**(headers or {}), "Retry-After": "5"}
        body = self.state.renderer.render(template, {"page": self, **context})
        return HTMLResponse(body, status, headers={"Content-Language": self.language, **(headers or {})})

    def list_before(self, *lists: str) -> str | None:
        """The list from which the page was opened, with what was searched for and its filters: one of those named.

        A name that ends with `/` stands for all that is below it.
        """
        parts = urlsplit(self.request.headers.get("Referer", ""))
        if not any(parts.path == each or (each.endswith("/") and parts.path.startswith(each)) for each in lists):
            return None
        return local_path(parts.path + (f"?{parts.query}" if parts.query else ""))

    def redirect(self, path: str) -> Response:
        """Lead to another page of this site, which is read: going back and forward then sends nothing again."""
        target = local_path(path.partition("#")[0]) + "".join(path.partition("#")[1:])
        if self.is_partial:
            return Response(status_code=204, headers={"HX-Redirect": target})
        return RedirectResponse(target, 303)
