"""The page with the ways in, and the seeded accounts where things are tried out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.portal.domain.local_paths import local_path
from services.portal.pages.access import anybody
from services.portal.pages.page import Page
from services.portal.pages.session import signed_in
from services.portal.pages.sign_in.browser import browser_or_new, remember
from services.portal.queries.accounts import all_accounts, find_account
from services.portal.queries.providers import organizations_with_provider
from shared.portal_paths import SIGN_IN
from shared.problems import not_found

router = APIRouter()


@router.get(SIGN_IN)
async def sign_in(
    page: Annotated[Page, anybody()],
    return_to: Annotated[str, Query()] = "",
    ended: Annotated[str, Query()] = "",
) -> Response:
    """The ways to sign in. `return_to` is where the person was going; only this site's own pages are."""
    return await start_page(page, local_path(return_to), ended=bool(ended))


async def start_page(page: Page, return_to: str, *, ended: bool = False, status: int = 200) -> Response:
    """The page with the ways in, perhaps with what is wrong with what was typed there."""
    async with page.state.database.reading() as reader:
        organizations = await organizations_with_provider(reader)
        accounts = await all_accounts(reader) if page.show_accounts else []
    answer = page.render(
        "sign_in/sign_in.html",
        status=status,
        accounts=accounts,
        organizations=organizations,
        return_to=return_to,
        ended=ended,
    )
    return remember(page, answer, browser_or_new(page))  # so that a double click is known to be one


@router.post("/sign-in/account")
async def as_account(page: Annotated[Page, anybody()]) -> Response:
    """Sign in as a seeded account, where things are tried out; elsewhere there is no such page."""
    if not page.show_accounts:
        raise not_found("page")
    async with page.state.database.reading() as reader:
        account = await find_account(reader, _id(page.form.text("member_id")))
    if account is None:
        raise not_found("account")
    return await signed_in(page, account.id, "account", page.form.text("return_to"))


def _id(given: str) -> UUID:
    try:
        return UUID(given)
    except ValueError:
        raise not_found("account") from None
