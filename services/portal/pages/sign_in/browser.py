"""The cookie of a browser that is signing in: it holds a secret, to which each step is bound."""

from typing import Final

from fastapi import Response

from services.portal.pages.page import Page
from services.portal.pages.visitor import set_cookie
from services.portal.vault import new_secret
from shared.web.rate_limits import network_of

_NAME: Final = "luotsi-browser"


def _cookie(page: Page) -> str:
    return f"__Host-{_NAME}" if page.state.secure else _NAME


def browser_of(page: Page) -> str | None:
    """The secret of the browser that asks; None for one that began nothing."""
    return page.request.cookies.get(_cookie(page)) or None


def browser_or_new(page: Page) -> str:
    """The same, or a fresh one, which `remember` has to be called with."""
    return browser_of(page) or new_secret()


def remember(page: Page, answer: Response, browser: str) -> Response:
    """Let the browser keep the secret until it is closed. It comes back from a mail or a provider with it."""
    set_cookie(answer, browser, secure=page.state.secure, name=_cookie(page))
    return answer


def network(page: Page) -> str:
    """The network address that asks, by which tries are counted."""
    client = page.request.client
    return network_of(client.host if client else "")
