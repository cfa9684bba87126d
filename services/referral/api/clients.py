"""Clients over HTTP: finding one again, and what a client may know."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.referral.api.dependencies import WorkOf, as_id, requires
from services.referral.schemas.access_report import ClientReport
from services.referral.schemas.clients import ClientSearch, FoundClient, FoundClients
from services.referral.use_cases.access_report import client_to_report_on, report
from services.referral.use_cases.clients import find_clients, note_disclosure, references_of, show_client
from services.referral.use_cases.reading import client_view
from shared.web.bodies import body, request_body

router = APIRouter(tags=["clients"])


@router.post(
    "/clients/search",
    summary="Find a client of your organisation again",
    dependencies=[Depends(requires("adviser"))],
    openapi_extra=request_body(ClientSearch),
)
async def search_clients(work: WorkOf, search: Annotated[ClientSearch, body(ClientSearch)]) -> FoundClients:
    """By a referral's reference, or by name, e-mail, telephone or business id; all that is given must match.

    A search is a POST, so that nothing personal stands in an address.
    """
    clients = await find_clients(work, search)
    references = await references_of(work, clients)
    found = []
    for client in clients:
        shown = client_view(client, await show_client(work, client, "search"))
        found.append(FoundClient(**shown.model_dump(), references=references[client.id]))
    return FoundClients(contents=found)


@router.get("/clients/{client_id}/report", summary="Who handled a client's data, for the client who asks")
async def get_report(work: WorkOf, client_id: str) -> ClientReport:
    """Every showing of the client's data, and every referral with its legal basis in short; advisers only.

    The report is such a showing too, and is the last of them. Members are named for your own organisation only.
    """
    client = await client_to_report_on(work, as_id(client_id))
    note_disclosure(work, client.id, "report", None)
    await work.session.flush()
    return await report(work, client, organization_id=work.actor.organization_id)
