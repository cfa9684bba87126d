"""The person whose account it is; who signs in with a provider keeps nothing here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final
from urllib.parse import urlencode

from services.portal.domain.session_life import is_fresh
from services.portal.pages.page import Page
from services.portal.queries.providers import signs_in_by_provider
from services.portal.tables import Person, Session
from services.portal.use_cases.people import person_of
from shared.database.transaction import Transaction
from shared.problems import Problem, forbidden

PROVE: Final = "/account/prove"
"""Where somebody shows again who they are"""


def prove_address(return_to: str) -> str:
    """That page; the person comes from it to `return_to`."""
    return f"{PROVE}?{urlencode({'return_to': return_to})}"


class ProofNeeded(Problem):
    """What somebody signs in with is to be changed in a session in which they have not just shown who they are.

    The answer leads to where that is shown, and back.
    """

    def __init__(self) -> None:
        super().__init__(403, "proof-needed", "Show that it is you", "Show again that it is you, then change it.")


@asynccontextmanager
async def own_factors(page: Page, *, change: bool = False) -> AsyncIterator[tuple[Transaction, Person]]:
    """A transaction on what the person signs in with. Raises 403 where the organisation has a provider.

    There it would open nothing. `change` raises ProofNeeded, unless the person has just shown who they are.
    """
    async with page.state.database.transaction() as tx:
        if await signs_in_by_provider(tx, page.account):
            raise forbidden("Your organisation has a sign-in of its own: there are no second factors to keep here.")
        if change:
            require_fresh(page)
        yield tx, await person_of(tx, page.account.email, page.now)


def has_just_shown(page: Page) -> bool:
    """Whether the person has just shown who they are; nobody has to where accounts are chosen to try things.

    Who signs in at a provider shows it there: by having just come from it.
    """
    session = session_of(page)
    shown_at = session.created_at if session.method == "provider" else session.proved_at
    return session.method == "account" or is_fresh(page.now, shown_at)


def require_fresh(page: Page) -> None:
    """Raise ProofNeeded, unless the person has just shown who they are."""
    if not has_just_shown(page):
        raise ProofNeeded


def session_of(page: Page) -> Session:
    """The session of a page that members see."""
    session = page.visitor.session
    assert session is not None
    return session
