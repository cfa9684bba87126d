"""The person whose account it is; who signs in with a provider keeps nothing here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.portal.pages.page import Page
from services.portal.queries.providers import signs_in_by_provider
from services.portal.tables import Person
from services.portal.use_cases.people import person_of
from shared.database.transaction import Transaction
from shared.problems import forbidden


@asynccontextmanager
async def own_factors(page: Page) -> AsyncIterator[tuple[Transaction, Person]]:
    """A transaction in which the person's second factors are changed. Raises 403 where the organisation has a provider.

    There they would open nothing.
    """
    async with page.state.database.transaction() as tx:
        if await signs_in_by_provider(tx, page.account):
            raise forbidden("Your organisation has a sign-in of its own: there are no second factors to keep here.")
        yield tx, await person_of(tx, page.account.email, page.now)
