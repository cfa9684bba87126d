"""Lookups: the keyed hashes by which a client is found again, made anew where a key or the rules for them changed."""

import logging
from collections.abc import Mapping
from uuid import UUID

from sqlmodel import col, delete, select

from services.referral.domain import identifiers
from services.referral.tables import Client, ClientKey, ClientLookup
from services.referral.unit_of_work import UnitOfWork
from services.referral.vault import Unreadable, Vault, unseal
from shared.database.transaction import Transaction

log = logging.getLogger(__name__)

_AT_ONCE = 100


def details_associated_data(client_id: UUID) -> str:
    """What the sealed details of a client are bound to, so that they open nowhere else."""
    return f"client:{client_id}:details"


def lookups_for(vault: Vault, client: Client, details: Mapping[str, str]) -> list[ClientLookup]:
    """The lookups of a client with these details."""
    owner = {"client_id": client.id, "organization_id": client.organization_id}
    forms = {field: identifiers.normalise(field, value) for field, value in details.items()}
    return [
        ClientLookup(**owner, field=field, digest=vault.digest(str(client.organization_id), field, form))
        for field, form in forms.items()
        if form
    ]


async def replace_lookups(tx: Transaction, vault: Vault, client: Client, details: Mapping[str, str]) -> int:
    """Make the lookups of a client anew; returns how many are other than before. The client is locked."""
    former = await tx.all(select(ClientLookup).where(ClientLookup.client_id == client.id))
    made = lookups_for(vault, client, details)
    changed = {(row.field, row.digest) for row in made} ^ {(row.field, row.digest) for row in former}
    if changed:
        await tx.execute(delete(ClientLookup).where(col(ClientLookup.client_id) == client.id))
        tx.insert(*made)
    if client.lookups_form != identifiers.FORM:
        client.lookups_form = identifiers.FORM
        tx.update(client)
    return len({field for field, _ in changed})


async def renew_some(work: UnitOfWork, after: UUID | None) -> UUID | None:
    """Make the lookups anew of some clients, with ids above `after`, that were made by former rules.

    Returns the id of the last one; None when none is left. What can't be opened stays as it is, for another key.
    """
    query = select(Client, ClientKey).join(ClientKey, col(ClientKey.client_id) == col(Client.id))
    query = query.where(col(Client.lookups_form) < identifiers.FORM)
    if after is not None:
        query = query.where(col(Client.id) > after)
    found = await work.tx.tuples(query.order_by(col(Client.id)).limit(_AT_ONCE).with_for_update(of=Client))
    for client, kept in found:
        try:
            key = work.vault.unwrap(client.id, kept.wrapped)
            details: dict[str, str] = unseal(key, client.details, details_associated_data(client.id))
        except Unreadable:
            log.error("client %s can't be opened: it is found by what an older version made of it only", client.id)
            continue
        await replace_lookups(work.tx, work.vault, client, details)
    return found[-1][0].id if found else None
