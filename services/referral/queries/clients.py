"""Clients: found again by keyed hashes, for nothing about them can be read without their key."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import bindparam
from sqlmodel import col, select

from services.referral.domain import identifiers
from services.referral.domain.references import parse_reference
from services.referral.queries import visibility
from services.referral.schemas.clients import ClientSearch, ClientView
from services.referral.tables import Client, ClientLookup, Referral
from services.referral.unit_of_work import ActorUnitOfWork

_SEARCH_LIMIT = 20


_LOOKUPS = select(ClientLookup.field, ClientLookup.digest).where(
    col(ClientLookup.client_id) == bindparam("client"), col(ClientLookup.organization_id) == bindparam("own")
)


async def find_clients(work: ActorUnitOfWork, search: ClientSearch) -> list[Client]:
    """The clients of the actor's organisation that match all that is searched for, newest first, 20 at most."""
    query = select(Client).where(visibility.own_clients(work.actor))
    if search.reference is not None:
        referrals = select(Referral.client_id).where(
            visibility.sent_by(work.actor), Referral.reference == parse_reference(search.reference)
        )
        query = query.where(col(Client.id).in_(referrals))
    for field, hashes in sought_hashes(work, search.model_dump(exclude_none=True, exclude={"reference"})).items():
        matching = select(ClientLookup.client_id).where(
            ClientLookup.organization_id == work.actor.organization_id,
            ClientLookup.field == field,
            col(ClientLookup.digest).in_(hashes),
        )
        query = query.where(col(Client.id).in_(matching))
    return await work.tx.all(query.order_by(col(Client.id).desc()).limit(_SEARCH_LIMIT))


async def references_of(work: ActorUnitOfWork, clients: Sequence[Client]) -> dict[UUID, list[str]]:
    """Per client, the references of the actor's organisation's referrals, newest first."""
    ids = [client.id for client in clients]
    query = (
        select(Referral.client_id, Referral.reference)
        .where(visibility.sent_by(work.actor), col(Referral.client_id).in_(ids))
        .order_by(col(Referral.id).desc())
    )
    found: dict[UUID, list[str]] = {client_id: [] for client_id in ids}
    for client_id, reference in await work.tx.tuples(query):
        found[client_id].append(reference)
    return found


async def lookups_of(work: ActorUnitOfWork, client_id: UUID) -> dict[str, list[bytes]]:
    """The keyed hashes by which a client of the actor's organisation is found again, by field."""
    found = await work.tx.tuples(_LOOKUPS, {"client": client_id, "own": work.actor.organization_id})
    return {field: [digest] for field, digest in found}


def sought_hashes(work: ActorUnitOfWork, details: Mapping[str, str]) -> dict[str, list[bytes]]:
    """The keyed hashes that a client of the actor's organisation with these details may be kept under, by field."""
    own = str(work.actor.organization_id)
    return {
        field: [digest for form in identifiers.sought(field, value) for digest in work.vault.digests(own, field, form)]
        for field, value in details.items()
    }


def client_view(client: Client, details: Mapping[str, str]) -> ClientView:
    """A client with its details, which the caller has opened."""
    plain = client.model_dump(include={"id", "kind", "language", "interpreter", "contact_via"})
    return ClientView(**plain, **{field: identifiers.shown(field, value) for field, value in details.items()})
