"""Idempotency keys: a request is carried out once under a key, and gets the same answer again."""

from typing import Any

from services.catalog.tables import IdempotencyKey
from services.catalog.unit_of_work import UnitOfWork
from services.catalog.vault import Vault
from shared.problems import key_reused


async def claim_key(work: UnitOfWork, vault: Vault, key: str, *request: str) -> IdempotencyKey:
    """Claim a key; it holds the sealed answer when this very request was carried out before.

    `request` is what makes two requests the same. A second request with the same key waits until the first has
    committed. Raises 422 for another request.
    """
    assert work.actor is not None, "only requests come with a key"
    member_id = work.actor.member_id
    claimed = IdempotencyKey(
        member_id=member_id,
        key_digest=vault.digest("idempotency-key", str(member_id), key),
        request_digest=vault.digest("request", *request),
        created_at=work.now,
    )
    if await work.tx.insert_if_new(claimed):
        return claimed
    used = await work.tx.get_one(IdempotencyKey, member_id, claimed.key_digest)
    if used.request_digest != claimed.request_digest:
        raise key_reused()
    return used


def open_answer(vault: Vault, used: IdempotencyKey) -> Any:
    """The stored answer to a request that is repeated."""
    assert used.answer is not None, "a key is committed with its answer"
    return vault.open(used.answer, _associated_data(used))


def keep_answer(work: UnitOfWork, vault: Vault, claimed: IdempotencyKey, answer: Any) -> None:
    """Keep the answer to a request, sealed."""
    claimed.answer = vault.seal(answer, _associated_data(claimed))
    work.tx.update(claimed)


def _associated_data(claimed: IdempotencyKey) -> str:
    """What a sealed answer is bound to, so that it opens nowhere else."""
    return f"answer:{claimed.member_id}:{claimed.key_digest.hex()}"
