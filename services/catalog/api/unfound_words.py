"""Words that were looked for and found nothing, over HTTP: what the catalogue lacks, or calls by another name."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Request

from services.catalog.api.dependencies import CallerOf, CatalogApp, sees_unfound_words
from services.catalog.api.pages import CountPageOf, make_page
from services.catalog.queries.unfound_words import page_of_unfound_words
from services.catalog.schemas.pages import Page
from services.catalog.schemas.unfound_words import UnfoundWordView
from services.catalog.vault import Vault
from shared.problems import Problem
from shared.web.base import state_of
from shared.web.json_api import TransactionOf
from shared.web.routing import Router
from shared.web.tokens import authenticate, bearer_token

router = Router(prefix="/unfound-words", tags=["services"])


@router.get(
    "",
    operation_id="listUnfoundWords",
    summary="What members looked for and did not find",
    dependencies=[Depends(sees_unfound_words)],
)
async def unfound_words(tx: TransactionOf, caller: CallerOf, page: CountPageOf) -> Page[UnfoundWordView]:
    """Coordinators, and administrators of the platform. The word that was looked for most comes first."""
    found, total = await page_of_unfound_words(tx, page)
    views = [UnfoundWordView(word=word or "", searches=searches, last_on=last_on) for word, searches, last_on in found]
    return make_page(page, views, total)


@dataclass(frozen=True)
class Asking:
    """Who asks on a public route, where nothing else depends on it, and what keeps that from being known later.

    `member_id` is None without a token that counts, and for HEAD.
    """

    member_id: UUID | None
    vault: Vault


async def who_asks(request: Request, tx: TransactionOf) -> Asking:
    """Who asks; nobody is refused."""
    app = state_of(request, CatalogApp)
    member_id = None
    if request.method == "GET" and bearer_token(request) is not None:
        with suppress(Problem):
            member_id = (await authenticate(request, tx, app.verifier, app.find_member)).member_id
    return Asking(member_id, app.vault)


AskingOf = Annotated[Asking, Depends(who_asks)]
