"""Idempotency keys: the same key never creates twice, and a repeated request gets the first answer again."""

from typing import Any

from services.referral.schemas.referrals import NewReferral
from services.referral.tables import IdempotencyKey, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.clients import note_disclosure
from services.referral.vault import seal, unseal
from shared.problems import conflict, invalid


async def claim_key(work: ActorUnitOfWork, key: str, request: NewReferral) -> IdempotencyKey:
    """Claim an idempotency key; it holds the stored answer when this very request was carried out before.

    A second request with the same key waits until the first has committed. Raises 422 for another body, and 409 when
    the answer was about a client who has been erased.
    """
    usual = {"on_duplicate"} if request.on_duplicate == "go_on" else None  # digests made before there was a choice
    digests = work.vault.digests("request", request.model_dump_json(exclude=usual))
    member_id = work.actor.member_id
    claimed = IdempotencyKey(member_id=member_id, key=key, request_digest=digests[0], created_at=work.now)
    if await work.tx.insert_if_new(claimed):
        return claimed
    used = await work.tx.get_one(IdempotencyKey, member_id, key)
    assert used.client_id is not None, "a key is committed with what its request was about"
    if used.answer is None:
        raise conflict("What this request created was about a client who has been erased.", name="client-erased")
    if used.request_digest not in digests:
        detail = "You have used this Idempotency-Key for another request. Use a new key for a new referral."
        raise invalid(detail, name="idempotency-key-reused")
    return used


async def open_answer(work: ActorUnitOfWork, used: IdempotencyKey) -> dict[str, Any]:
    """The stored answer to a request that is repeated; that the client's details are told again is noted."""
    assert used.client_id is not None, "it was claimed before"
    assert used.answer is not None, "and answered"
    note_disclosure(work, used.client_id, "create, repeated", used.referral_id)
    opened: dict[str, Any] = unseal(await work.key_of(used.client_id), used.answer, _associated_data(used))
    return opened


async def keep_answer(
    work: ActorUnitOfWork, claimed: IdempotencyKey, referral: Referral, answer: dict[str, Any]
) -> None:
    """Keep the answer to a request, sealed like everything about the client."""
    claimed.client_id, claimed.referral_id = referral.client_id, referral.id
    claimed.answer = seal(await work.key_of(referral.client_id), answer, _associated_data(claimed))
    work.tx.update(claimed)


def _associated_data(claimed: IdempotencyKey) -> str:
    """What the sealed answer to a request is bound to, so that it opens nowhere else."""
    return f"answer:{claimed.member_id}:{claimed.key}"
