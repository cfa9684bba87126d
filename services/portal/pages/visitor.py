"""Who asks for a page: the session that the browser's cookie names, and the language that the page is to have."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import parse_qs

from fastapi import Request, Response

from services.portal.domain.languages import accepted_language
from services.portal.domain.session_life import is_over, is_to_be_noted
from services.portal.queries.accounts import Account
from services.portal.queries.sessions import Found, find_session
from services.portal.tables import Session
from services.portal.texts import LANGUAGES
from services.portal.use_cases import sessions
from shared import context
from shared.database.connections import Database
from shared.database.transaction import Transaction

VISITOR: Final = "luotsi.visitor"
"""In a request's scope: the Visitor who makes it"""
LIVE: Final = "/live"
"""Where windows hear of what has changed"""
BY_ITSELF: Final = "Luotsi-Live"
"""Header of a request that a window makes because it has heard of something, and nobody has asked for"""
LOOKED_AT: Final = "looked"
"""Value of that header where the window has the focus, so that somebody is looking at what it shows"""
_COOKIE: Final = "luotsi"


@dataclass(frozen=True)
class Visitor:
    """Who asks. `found` is the session of the browser, `over` says that it has ended; a stranger has none."""

    language: str
    found: Found | None = None
    over: bool = False

    @property
    def session(self) -> Session | None:
        """The session, as long as it lasts."""
        return None if self.found is None or self.over else self.found.session

    @property
    def member(self) -> Account | None:
        """The member who is signed in."""
        return None if self.found is None or self.over else self.found.account


async def find_visitor(database: Database, request: Request, now: datetime, *, secure: bool) -> Visitor:
    """Look up who makes a request, and note that the session is in use."""
    secret = request.cookies.get(cookie_name(secure=secure), "")
    found: Found | None = None
    if secret:
        async with database.transaction() as tx:
            found = await find_session(tx, secret)
            if found is not None and not _is_over(found, now):
                await _note(tx, request, found, now)
    over = found is not None and _is_over(found, now)
    if found is not None and not over:
        context.act_as(str(found.session.member_id))
    return Visitor(_language(request, found, over=over), found, over)


async def _note(tx: Transaction, request: Request, found: Found, now: datetime) -> None:
    """Write down that a session is in use, and the language where another one is asked for.

    What a window does by itself is no use of it: else no session would end in which a window is left open.
    """
    session, asked = found.session, _asked_language(request)
    by_itself = request.url.path == LIVE or BY_ITSELF in request.headers
    if not by_itself and is_to_be_noted(now, session.last_seen_at):
        await sessions.note(tx, session.id, now)
    if asked is not None and asked != session.language:
        await sessions.choose_language(tx, session.id, asked)


def visitor_of(request: Request) -> Visitor:
    """Who makes the request; a stranger where that could not be looked up."""
    found = request.scope.get(VISITOR)
    return found if isinstance(found, Visitor) else Visitor(_language(request, None, over=False))


def _is_over(found: Found, now: datetime) -> bool:
    session = found.session
    ended = session.ended_at is not None or found.account is None
    return ended or is_over(now, session.created_at, session.last_seen_at)


def _language(request: Request, found: Found | None, *, over: bool) -> str:
    """The one asked for in the address, chosen in the session, of the account, or of the browser."""
    if asked := _asked_language(request):
        return asked
    if found is not None and not over and found.account is not None:
        return found.session.language or found.account.language
    return accepted_language(request.headers.get("Accept-Language", ""), LANGUAGES)


def _asked_language(request: Request) -> str | None:
    """The language that the address names, as the links beside each other in a page's head do."""
    asked = parse_qs(request.scope["query_string"].decode("latin-1")).get("lang", [""])[0]
    return asked if asked in LANGUAGES else None


def cookie_name(*, secure: bool) -> str:
    """The session cookie's name. Browsers take one with the prefix only for this host, over https."""
    return f"__Host-{_COOKIE}" if secure else _COOKIE


def set_cookie(response: Response, secret: str, *, secure: bool, name: str | None = None) -> None:
    """Let the browser keep a secret until it is closed; no script can read it, no other site's form sends it."""
    response.set_cookie(
        name or cookie_name(secure=secure), secret, path="/", secure=secure, httponly=True, samesite="lax"
    )


def delete_cookie(response: Response, *, secure: bool, name: str | None = None) -> None:
    """Let the browser forget a secret."""
    response.delete_cookie(name or cookie_name(secure=secure), path="/", secure=secure, httponly=True, samesite="lax")
