"""Changing keys: every client's key wrapped anew, every hash made anew, a batch a transaction."""

from dataclasses import dataclass
from uuid import UUID

from sqlmodel import col, select

from services.referral.tables import Client, ClientKey
from services.referral.use_cases.lookups import details_associated_data, replace_lookups
from services.referral.vault import Vault, unseal
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class Batch:
    """What was done in a batch: keys wrapped anew, hashes made anew. `last`: its last client; None at the end."""

    wrapped: int
    hashed: int
    last: UUID | None


async def rotate_batch(tx: Transaction, vault: Vault, after: UUID | None, size: int) -> Batch:
    """Bring up to `size` clients, those after a given one, to the present keys. What is there already stays.

    Each client is locked, so that an erasure or a change meanwhile waits. Raises Unreadable where neither the
    present nor the former master key opens a client's key.
    """
    query = select(Client, ClientKey).join(ClientKey, col(ClientKey.client_id) == col(Client.id))
    if after is not None:
        query = query.where(col(Client.id) > after)
    found = await tx.tuples(query.order_by(col(Client.id)).limit(size).with_for_update())
    wrapped = hashed = 0
    for client, kept in found:
        key = vault.unwrap(client.id, kept.wrapped)
        if not kept.wrapped.startswith(vault.master_id):
            kept.wrapped = vault.wrap(client.id, key)
            tx.update(kept)
            wrapped += 1
        hashed += await _hash_anew(tx, vault, client, key)
    return Batch(wrapped, hashed, found[-1][0].id if len(found) == size else None)


async def _hash_anew(tx: Transaction, vault: Vault, client: Client, key: bytes) -> int:
    details: dict[str, str] = unseal(key, client.details, details_associated_data(client.id))
    return await replace_lookups(tx, vault, client, details)
