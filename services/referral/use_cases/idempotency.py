"""Idempotency keys: the same key never creates twice, and a repeated request gets the first answer again."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.referral.schemas.referrals import NewReferral
from services.referral.tables import IdempotencyKey, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.clients import note_disclosure
from services.referral.vault import seal, unseal
from shared.problems import conflict, invalid

_CLAIM = insert(IdempotencyKey).on_conflict_do_nothing().returning(col(IdempotencyKey.key))
_KEEP = (
    update(IdempotencyKey)
    .where(col(IdempotencyKey.member_id) == bindparam("of_member"), col(IdempotencyKey.key) == bindparam("of_key"))
    .values(client_id=bindparam("of_client"), referral_id=bindparam("of_referral"), answer=bindparam("sealed_answer"))
)


async def claim_key(work: ActorUnitOfWork, key: str, request: NewReferral) -> dict[str, Any] | None:
    """Claim an idempotency key; returns the stored answer when this very request was carried out before.

    A second request with the same key waits until the first has committed. Raises 422 for another body.
    """
    usual = {"on_duplicate"} if request.on_duplicate == "go_on" else None  # digests made before there was a choice
    digests = work.vault.digests("request", request.model_dump_json(exclude=usual))
    member_id = work.actor.member_id
    claim = {"member_id": member_id, "key": key, "request_digest": digests[0], "created_at": work.now}
    if (await work.tx.execute(_CLAIM, claim)).first() is not None:
        return None
    used = await work.tx.get_one(IdempotencyKey, member_id, key)
    if used.client_id is not None and used.answer is None:
        raise conflict("What this request created was about a client who has been erased.", name="client-erased")
    if used.request_digest not in digests:
        detail = "You have used this Idempotency-Key for another request. Use a new key for a new referral."
        raise invalid(detail, name="idempotency-key-reused")
    assert used.client_id is not None, "a key is committed with what its request was about"
    assert used.answer is not None, "and with the answer to it"
    note_disclosure(work, used.client_id, "create, repeated", used.referral_id)
    opened: dict[str, Any] = unseal(
        await work.key_of(used.client_id), used.answer, answer_associated_data(used.member_id, used.key)
    )
    return opened


async def keep_answer(work: ActorUnitOfWork, key: str, referral: Referral, answer: dict[str, Any]) -> None:
    """Keep the answer to a request, sealed like everything about the client."""
    member_id = work.actor.member_id
    sealed = seal(await work.key_of(referral.client_id), answer, answer_associated_data(member_id, key))
    of = {"of_member": member_id, "of_key": key, "of_client": referral.client_id, "of_referral": referral.id}
    work.tx.defer(_KEEP, {**of, "sealed_answer": sealed})


def answer_associated_data(member_id: UUID, key: str) -> str:
    """What the sealed answer to a request is bound to, so that it opens nowhere else."""
    return f"answer:{member_id}:{key}"
