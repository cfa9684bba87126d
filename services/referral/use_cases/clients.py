"""Clients: kept sealed under a key of their own, and every showing of one written down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlmodel import select

from services.referral.domain import identifiers
from services.referral.queries import visibility
from services.referral.queries.clients import client_view, references_of
from services.referral.queries.referrals import referrals_of_client
from services.referral.schemas.clients import FoundClient, NewClient
from services.referral.tables import Client, ClientKey, ClientLookup, Disclosure, ReferralRow
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork
from services.referral.use_cases.lookups import details_associated_data, lookups_for, replace_lookups
from services.referral.vault import seal, unseal
from shared.ids import new_id
from shared.keyset import Keyset
from shared.problems import invalid, not_found


@dataclass(frozen=True)
class PreparedClient:
    """A new client that is not written down yet: its row, its wrapped key, what it is found by, its open details."""

    row: Client
    wrapped_key: bytes
    lookups: Sequence[ClientLookup]
    details: Mapping[str, str]


def prepare_client(work: ActorUnitOfWork, new: NewClient) -> PreparedClient:
    """A new client of the actor's organisation, sealed under a key of its own; `add_client` writes it down."""
    client_id, details = new_id(), new.details()
    key, wrapped = work.vault.new_key(client_id)
    work.keep_key(client_id, key)
    row = Client(
        id=client_id,
        organization_id=work.actor.organization_id,
        kind=new.kind,
        language=new.language,
        interpreter=new.interpreter,
        contact_via=new.contact_via,
        details=seal(key, details, details_associated_data(client_id)),
        created_at=work.now,
        lookups_form=identifiers.FORM,
    )
    return PreparedClient(row, wrapped, lookups_for(work.vault, row, details), details)


def add_client(work: ActorUnitOfWork, prepared: PreparedClient) -> None:
    """Write a new client down."""
    client = prepared.row
    work.tx.insert(client, ClientKey(client_id=client.id, wrapped=prepared.wrapped_key), *prepared.lookups)


async def change_client(work: ActorUnitOfWork, client: Client, new: NewClient) -> None:
    """Put `new` in the place of all that is known of a client; it keeps its id and its key."""
    client.kind, client.language = new.kind, new.language
    client.interpreter, client.contact_via = new.interpreter, new.contact_via
    client.details = seal(await work.key_of(client.id), new.details(), details_associated_data(client.id))
    work.tx.update(client)
    await replace_lookups(work.tx, work.vault, client, new.details())


async def own_client(work: ActorUnitOfWork, client_id: UUID) -> Client:
    """A client of the actor's organisation. Raises 422 for any other id."""
    query = select(Client).where(Client.id == client_id, visibility.own_clients(work.actor))
    # Nobody erases the client while something is being written about them.
    client = await work.tx.first(query.with_for_update(key_share=True))
    if client is None:
        detail = "Your organisation has no such client. Search for it, or send `client` to create one."
        raise invalid(detail, [{"field": "client_id", "message": "unknown client"}], name="unknown-client")
    return client


async def served_client(work: ActorUnitOfWork, client_id: UUID | None) -> Client:
    """A client whom the actor serves. Raises 404 for any other id."""
    client = await work.tx.first(select(Client).where(Client.id == client_id, visibility.served_by(work.actor)))
    if client is None:
        raise not_found("client")
    return client


def note_disclosure(work: ActorUnitOfWork, client_id: UUID, occasion: str, referral_id: UUID | None) -> None:
    """Write down that something about a client is shown to the actor, and on which occasion."""
    work.tx.insert(
        Disclosure(
            id=new_id(),
            client_id=client_id,
            referral_id=referral_id,
            organization_id=work.actor.organization_id,
            member_id=work.actor.member_id,
            occasion=occasion,
            at=work.now,
        )
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
    owner = {"client_id": client.id, "organization_id": client.organization_id}
    work.tx.insert(Disclosure(id=new_id(), **owner, occasion=occasion, at=work.now))


async def show_found(work: ActorUnitOfWork, clients: Sequence[Client]) -> list[FoundClient]:
    """Clients of the actor's organisation that were searched for; showing each is written down."""
    references = await references_of(work, clients)
    found = []
    for client in clients:
        shown = client_view(client, await show_client(work, client, "search"))
        found.append(FoundClient(**shown.model_dump(), references=references[client.id]))
    return found


async def show_referrals(work: ActorUnitOfWork, client_id: UUID | None, page: Keyset) -> Sequence[ReferralRow]:
    """A page of the referrals of a client whom the actor serves, and one more if there is; the showing is written down.

    Raises 404 for any other client.
    """
    client = await served_client(work, client_id)
    found = await referrals_of_client(work, client, page)
    if found:
        note_disclosure(work, client.id, "referrals", None)
    return found
