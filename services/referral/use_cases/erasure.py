"""Erasing a client (GDPR article 17): the key and every row about the person go, the figures stay."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col, select

from services.referral.domain.lifecycle import OPEN, Reason, Side, Status
from services.referral.queries.chains import FROM_ABOVE
from services.referral.tables import Client, ClientKey, ClientLookup, IdempotencyKey, Message, Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.clients import note_operator
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import Texts, seal_texts
from shared.database.transaction import Transaction

UNKNOWN_LANGUAGE = "und"
"""The language of a client who was erased (BCP 47)."""


class StillOpen(Exception):
    """The client has referrals under way; `references` names them."""

    def __init__(self, references: Sequence[str]) -> None:
        super().__init__(", ".join(references))
        self.references = references


async def lock_client(tx: Transaction, client_id: UUID | None) -> Client | None:
    """The client of that id, or None; nothing is written about it by others until the unit of work ends.

    Its referrals are locked first, as every command does, so that neither waits for the other in a circle.
    """
    theirs = select(Referral.id).where(Referral.client_id == client_id).order_by(*FROM_ABOVE)
    await tx.execute(theirs.with_for_update())
    return await tx.first(select(Client).where(Client.id == client_id).with_for_update())


async def erase_client(work: UnitOfWork, client: Client, occasion: str, *, end_open: bool = False) -> int:
    """Destroy what is known of a client; returns how many referrals stay, as codes and times without a person.

    `client` comes from `lock_client`. The key goes, so that copies of sealed rows elsewhere open no more than those
    here. The disclosures stay until their own time is over, for they prove who was shown what; the erasure becomes one
    of them, with `occasion`.
    Raises StillOpen while a referral is under way, unless `end_open`: then it is cancelled first, and its target told.
    """
    query = select(Referral).where(Referral.client_id == client.id).order_by(col(Referral.id)).with_for_update()
    referrals = await work.tx.all(query)
    under_way = [referral for referral in referrals if Status(referral.status) in OPEN]
    if under_way and not end_open:
        raise StillOpen([referral.reference for referral in under_way])
    for referral in under_way:
        referral.status, referral.reason_code, referral.reason_side = Status.CANCELLED, Reason.OTHER, Side.SOURCE
        record_change(work, referral, "cancelled", Side.SOURCE, None)
    for referral in referrals:
        referral.texts = b""
        work.tx.update(referral)
    client.details, client.erased_at = b"", work.now
    client.language, client.interpreter, client.contact_via = UNKNOWN_LANGUAGE, False, "client"
    work.tx.update(client)
    await _destroy(work, client.id, [referral.id for referral in referrals])
    note_operator(work, client, occasion)
    return len(referrals)


async def discard_draft(work: UnitOfWork, draft: Referral) -> None:
    """Cancel a draft that was never sent, and destroy what was written in it; `draft` is locked.

    Nobody is told of it, for nobody but its own organisation knew of it.
    """
    draft.status, draft.reason_code, draft.reason_side = Status.CANCELLED, Reason.OTHER, Side.SOURCE
    await seal_texts(work, draft, Texts())
    record_change(work, draft, "cancelled", Side.SOURCE, None)


async def _destroy(work: UnitOfWork, client_id: UUID, referral_ids: Sequence[UUID]) -> None:
    tx = work.tx
    await tx.execute(delete(Message).where(col(Message.referral_id).in_(referral_ids)))
    # The key of a request stays until its own time is over, so that a repeated request does not make the client anew.
    emptied = update(IdempotencyKey).values(answer=None, request_digest=b"")
    await tx.execute(emptied.where(col(IdempotencyKey.client_id) == client_id))
    await tx.execute(delete(ClientLookup).where(col(ClientLookup.client_id) == client_id))
    await tx.execute(delete(ClientKey).where(col(ClientKey.client_id) == client_id))
    work.forget_key(client_id)
