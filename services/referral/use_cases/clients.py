"""Clients: kept sealed under a key of their own, and every showing of one written down."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.referral.queries import visibility
from services.referral.queries.clients import client_view, hashes_of, references_of
from services.referral.schemas.clients import FoundClient, NewClient
from services.referral.tables import Client, ClientKey, ClientLookup, Disclosure
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork
from services.referral.vault import seal, unseal
from shared.database.deferred_inserts import add, add_object
from shared.ids import new_id
from shared.problems import invalid


async def create_client(work: ActorUnitOfWork, new: NewClient) -> Client:
    """Create a client of the actor's organisation, under a key of its own."""
    client_id = new_id()
    key, wrapped = work.vault.new_key(client_id)
    client = Client(
        id=client_id,
        organization_id=work.actor.organization_id,
        kind=new.kind,
        language=new.language,
        interpreter=new.interpreter,
        contact_via=new.contact_via,
        details=seal(key, new.details(), details_associated_data(client_id)),
        created_at=work.now,
    )
    work.remember_client(client, key)
    add_object(work.session, client)
    add(work.session, ClientKey, client_id=client_id, wrapped=wrapped)
    _add_lookups(work, client, new.details())
    return client


async def change_client(work: ActorUnitOfWork, client: Client, new: NewClient) -> None:
    """Put `new` in the place of all that is known of a client; it keeps its id and its key."""
    client.kind, client.language = new.kind, new.language
    client.interpreter, client.contact_via = new.interpreter, new.contact_via
    client.details = seal(await work.key_of(client.id), new.details(), details_associated_data(client.id))
    await work.session.execute(delete(ClientLookup).where(col(ClientLookup.client_id) == client.id))
    _add_lookups(work, client, new.details())


def _add_lookups(work: ActorUnitOfWork, client: Client, details: dict[str, str]) -> None:
    work.lookups[client.id] = hashes_of(work, details)
    for field, digest in work.lookups[client.id].items():
        place = {"client_id": client.id, "organization_id": client.organization_id}
        add(work.session, ClientLookup, **place, field=field, digest=digest)


async def own_client(work: ActorUnitOfWork, client_id: UUID) -> Client:
    """A client of the actor's organisation. Raises 422 for any other id."""
    query = select(Client).where(Client.id == client_id, visibility.own_clients(work.actor))
    # Nobody erases the client while something is being written about them.
    client = (await work.session.exec(query.with_for_update(key_share=True))).one_or_none()
    if client is None:
        detail = "Your organisation has no such client. Search for it, or send `client` to create one."
        raise invalid(detail, [{"field": "client_id", "message": "unknown client"}], name="unknown-client")
    return client


def note_disclosure(work: ActorUnitOfWork, client_id: UUID, occasion: str, referral_id: UUID | None) -> None:
    """Write down that something about a client is shown to the actor, and on which occasion."""
    add(
        work.session,
        Disclosure,
        id=new_id(),
        client_id=client_id,
        referral_id=referral_id,
        organization_id=work.actor.organization_id,
        member_id=work.actor.member_id,
        occasion=occasion,
        at=work.now,
    )


async def show_client(
    work: ActorUnitOfWork, client: Client, occasion: str, referral_id: UUID | None = None
) -> dict[str, str]:
    """The client's details, opened; the way to them for an actor, for it writes the disclosure down."""
    note_disclosure(work, client.id, occasion, referral_id)
    return await open_details(work, client)


async def open_details(work: UnitOfWork, client: Client) -> dict[str, str]:
    """The client's details, opened; for those who write the disclosure down by themselves."""
    opened: dict[str, str] = unseal(await work.key_of(client.id), client.details, details_associated_data(client.id))
    return opened


def note_operator(work: UnitOfWork, client: Client, occasion: str) -> None:
    """Write down that an operator of the platform, who is no member, has dealt with a client's data."""
    place = {"client_id": client.id, "organization_id": client.organization_id}
    add(work.session, Disclosure, id=new_id(), **place, occasion=occasion, at=work.now)


def details_associated_data(client_id: UUID) -> str:
    """What the sealed details of a client are bound to, so that they open nowhere else."""
    return f"client:{client_id}:details"


async def show_found(work: ActorUnitOfWork, clients: Sequence[Client]) -> list[FoundClient]:
    """Clients of the actor's organisation that were searched for; showing each is written down."""
    references = await references_of(work, clients)
    found = []
    for client in clients:
        shown = client_view(client, await show_client(work, client, "search"))
        found.append(FoundClient(**shown.model_dump(), references=references[client.id]))
    return found
