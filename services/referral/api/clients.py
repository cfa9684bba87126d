"""Clients over HTTP: finding one again, and what a client may know."""

from typing import Annotated

from fastapi import Depends, Request

from services.referral.api.dependencies import WorkOf, as_id, requires
from services.referral.queries.clients import find_clients
from services.referral.queries.referrals import summaries
from services.referral.schemas.access_report import ClientReport
from services.referral.schemas.clients import ClientSearch, FoundClients
from services.referral.schemas.referrals import ReferralPage
from services.referral.use_cases.access_report import report_for
from services.referral.use_cases.clients import show_found, show_referrals
from shared.web.bodies import body, request_body
from shared.web.pages import PageOf, next_link
from shared.web.routing import Router

router = Router(tags=["clients"])


@router.post(
    "/clients/search",
    operation_id="searchClients",
    summary="Find a client of your organisation again",
    dependencies=[Depends(requires("adviser"))],
    openapi_extra=request_body(ClientSearch),
)
async def search_clients(work: WorkOf, search: Annotated[ClientSearch, body(ClientSearch)]) -> FoundClients:
    """By a referral's reference, or by name, e-mail, telephone or business id; all that is given must match.

    A search is a POST, so that nothing personal stands in an address.
    """
    return FoundClients(contents=await show_found(work, await find_clients(work, search)))


@router.get(
    "/clients/{client_id}/report",
    operation_id="getClientReport",
    summary="Who handled a client's data, for the client who asks",
)
async def get_report(work: WorkOf, client_id: str) -> ClientReport:
    """Every showing of the client's data, and every referral with its legal basis in short; advisers only.

    The report is such a showing too, and is the last of them. Members are named for your own organisation only.
    """
    return await report_for(work, as_id(client_id))


@router.get(
    "/clients/{client_id}/referrals",
    operation_id="listClientReferrals",
    summary="What your organisation has referred a client to, newest first",
)
async def get_client_referrals(request: Request, work: WorkOf, client_id: str, page: PageOf) -> ReferralPage:
    """Drafts and what has ended too; advisers only, for a client of their own organisation.

    That a client was referred is about the client: showing it is written down.
    """
    found = await show_referrals(work, as_id(client_id), page)
    contents = await summaries(work, found[: page.limit])
    return ReferralPage.model_validate({"contents": contents, "next": next_link(request, page, found)})
