"""Idempotency keys: the same key never creates twice, and a repeated request gets the first answer again.

Callers put anything into a key, so what is kept of it is a keyed hash.
"""

from typing import Any
from uuid import UUID

from sqlalchemy import exists
from sqlmodel import col, select

from services.referral.queries.chains import knows_client
from services.referral.tables import IdempotencyKey, Referral
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork
from services.referral.use_cases.clients import note_disclosure
from services.referral.vault import Unreadable, seal, unseal
from shared.problems import conflict, key_reused

_HASHED = "hmac:"
"""How a key begins in the form in which it is kept; older versions kept it as it was given."""


async def claim_key(work: ActorUnitOfWork, key: str, *request: str) -> IdempotencyKey:
    """Claim an idempotency key; it holds the stored answer when this very request was carried out before.

    `request` is what makes two requests the same. A second request with the same key waits until the first has
    committed. Raises 422 for another request, and 409 when the answer was about a client who has been erased.
    """
    digests = work.vault.digests("request", *request)
    form, *others = [*_forms(work, work.actor.member_id, key), key]
    of_actor = col(IdempotencyKey.member_id) == work.actor.member_id
    claimed = IdempotencyKey(member_id=work.actor.member_id, key=form, request_digest=digests[0], created_at=work.now)
    used_before = exists().where(of_actor, col(IdempotencyKey.key).in_(others))
    if await work.tx.insert_if_new(claimed, unless=used_before):
        return claimed
    used = await work.tx.first(select(IdempotencyKey).where(of_actor, col(IdempotencyKey.key).in_([form, *others])))
    assert used is not None, "it is there, in one form or another"
    if used.answer is None:
        raise conflict("What this request created was about a client who has been erased.", name="client-erased")
    if used.request_digest not in digests:
        raise key_reused()
    return used


def _forms(work: UnitOfWork, member_id: UUID, key: str) -> list[str]:
    """The forms in which a key may be kept: that of today first, then that under the former index key."""
    return [_HASHED + digest.hex() for digest in work.vault.digests("idempotency-key", str(member_id), key)]


async def open_answer(work: ActorUnitOfWork, used: IdempotencyKey) -> Any:
    """The stored answer to a request that is repeated; that a client's details are told again is noted.

    Raises 409 where it tells of a client whom the actor's side may no longer know, as after an error further up.
    """
    assert used.answer is not None, "it was answered before"
    created = await work.tx.get(Referral, used.referral_id) if used.referral_id is not None else None
    if created is not None and not await knows_client(work, created):
        raise conflict("This request was carried out. You may no longer know who it is about: read the referral anew.")
    place = _associated_data(used)
    if used.client_id is None:
        try:
            return work.vault.open_own(used.answer, place)
        except Unreadable:  # the master key has been changed since
            raise conflict("This request was carried out, and its answer can't be given again. Read anew.") from None
    note_disclosure(work, used.client_id, "create, repeated", used.referral_id)
    return unseal(await work.key_of(used.client_id), used.answer, place)


async def keep_answer(
    work: ActorUnitOfWork, claimed: IdempotencyKey, answer: Any, client_id: UUID | None, created: UUID | None
) -> None:
    """Keep the answer to a request, sealed like everything about the client it is about.

    `created` is the referral that was created by it. An answer about no single client is sealed by the service's own.
    """
    claimed.client_id, claimed.referral_id = client_id, created
    place = _associated_data(claimed)
    if client_id is None:
        claimed.answer = work.vault.seal_own(answer, place)
    else:
        claimed.answer = seal(await work.key_of(client_id), answer, place)
    work.tx.update(claimed)


async def hash_some(work: UnitOfWork, at_most: int = 100) -> int:
    """Hash keys that an older version kept as they were given, and seal their answers anew; returns how many."""
    query = select(IdempotencyKey).where(col(IdempotencyKey.key).not_like(f"{_HASHED}%")).limit(at_most)
    found = await work.tx.all(query.with_for_update(skip_locked=True))
    for row in found:
        hashed = IdempotencyKey(**row.model_dump() | {"key": _forms(work, row.member_id, row.key)[0]})
        if row.answer is not None and row.client_id is not None:
            key = await work.key_of(row.client_id)
            hashed.answer = seal(key, unseal(key, row.answer, _associated_data(row)), _associated_data(hashed))
        work.tx.delete(row)
        await work.tx.flush()
        await work.tx.insert_if_new(hashed)
    return len(found)


def _associated_data(claimed: IdempotencyKey) -> str:
    """What the sealed answer to a request is bound to, so that it opens nowhere else."""
    return f"answer:{claimed.member_id}:{claimed.key}"
