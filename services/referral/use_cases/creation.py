"""Creating a referral and changing a draft; the same key never creates twice."""

from typing import Any
from uuid import UUID

from services.referral.domain.lifecycle import Side, Status
from services.referral.domain.references import new_reference
from services.referral.queries.recipients import referable_service
from services.referral.schemas.legal_basis import LegalBasis
from services.referral.schemas.referrals import DraftChange, NewReferral
from services.referral.tables import Client, IdempotencyKey, Referral
from services.referral.tables.catalog_facts import CatalogService
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.clients import change_client, create_client, note_disclosure, own_client
from services.referral.use_cases.commands import perform
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import Texts, read_texts, write_texts
from services.referral.vault import seal, unseal
from shared.database.connections import run_plainly
from shared.database.deferred_inserts import add_object, add_statement
from shared.ids import new_id
from shared.problems import conflict, invalid, unavailable

_TEXTS = ("reason", "shareable_note", "private_note")
_TAKEN = "SELECT FROM referrals WHERE reference = $1"
_CLAIM = """
INSERT INTO idempotency_keys (member_id, key, request_digest, created_at) VALUES ($1, $2, $3, $4)
ON CONFLICT DO NOTHING RETURNING key
"""
_KEEP = """
UPDATE idempotency_keys SET client_id = $3, referral_id = $4, answer = $5 WHERE member_id = $1 AND key = $2
"""


async def claim_key(work: ActorUnitOfWork, key: str, request: NewReferral) -> dict[str, Any] | None:
    """Claim an idempotency key; returns the stored answer when this very request was carried out before.

    A second request with the same key waits until the first has committed. Raises 422 for another body.
    """
    usual = {"on_duplicate"} if request.on_duplicate == "go_on" else None  # digests made before there was a choice
    digests = work.vault.digests("request", request.model_dump_json(exclude=usual))
    if await run_plainly(work.session, _CLAIM, work.actor.member_id, key, digests[0], work.now):
        return None
    used = await work.session.get_one(IdempotencyKey, (work.actor.member_id, key))
    if used.client_id is not None and used.answer is None:
        raise conflict("What this request created was about a client who has been erased.", name="client-erased")
    if used.request_digest not in digests:
        detail = "You have used this Idempotency-Key for another request. Use a new key for a new referral."
        raise invalid(detail, name="idempotency-key-reused")
    if used.client_id is None or used.answer is None:
        raise unavailable("The first request with this key is still under way. Send it again shortly.")
    note_disclosure(work, used.client_id, "create, repeated", used.referral_id)
    stored: dict[str, Any] = unseal(
        await work.key_of(used.client_id), used.answer, _answer_associated_data(used.member_id, used.key)
    )
    return stored


async def keep_answer(work: ActorUnitOfWork, key: str, referral: Referral, answer: dict[str, Any]) -> None:
    """Keep the answer to a request, sealed like everything about the client."""
    member_id = work.actor.member_id
    sealed = seal(await work.key_of(referral.client_id), answer, _answer_associated_data(member_id, key))
    add_statement(work.session, _KEEP, member_id, key, referral.client_id, referral.id, sealed)


async def create(work: ActorUnitOfWork, new: NewReferral, follows: Referral | None = None) -> Referral:
    """Create a referral as a draft and, if asked to, send it. Raises 422 when it can't be.

    `follows` is the declined referral whose suggestion is followed.
    """
    service = await referable_service(work, new.service_id)
    client = await _client_of(work, new)
    referral = await draft_of(work, service, client)
    referral.urgency = new.urgency
    referral.follows_id = follows.id if follows else None
    texts = Texts.model_validate(new.model_dump(include=set(_TEXTS)))
    await enter(work, referral, texts, new.legal_basis)
    if new.send:
        await perform(work, referral, "send")
    return referral


async def draft_of(work: ActorUnitOfWork, service: CatalogService, client: Client) -> Referral:
    """A draft by the actor, the first of a chain of its own, that `enter` still has to write down."""
    referral_id = new_id()
    return Referral(
        id=referral_id,
        root_id=referral_id,
        reference=await _free_reference(work),
        version=0,
        status=Status.DRAFT,
        urgency="routine",
        language=client.language,
        client_id=client.id,
        service_id=service.id,
        source_organization_id=work.actor.organization_id,
        source_member_id=work.actor.member_id,
        target_organization_id=service.organization_id,
        desk_member_ids=[],
        texts=b"",
        created_at=work.now,
        updated_at=work.now,
    )


async def enter(work: ActorUnitOfWork, referral: Referral, texts: Texts, basis: LegalBasis | None) -> None:
    """Write a new draft down, with its texts and its legal basis sealed."""
    _record_basis(work, referral, texts, basis)
    await write_texts(work, referral, texts)
    add_object(work.session, referral)
    work.remember_new(referral.id)
    record_change(work, referral, "created", Side.SOURCE, work.actor.member_id)


async def edit(work: ActorUnitOfWork, referral: Referral, change: DraftChange) -> None:
    """Change a draft. A legal basis holds for one recipient only: another recipient takes it away."""
    given = change.model_fields_set
    if not given:
        return
    texts = await read_texts(work, referral)
    if change.client_id is not None:
        client = await own_client(work, change.client_id)
        referral.client_id, referral.language = client.id, client.language
    if change.client is not None:
        client = await own_client(work, referral.client_id)
        await change_client(work, client, change.client)
        referral.language = client.language
    if change.service_id is not None:
        service = await referable_service(work, change.service_id)
        if service.organization_id != referral.target_organization_id:
            _record_basis(work, referral, texts, None)
        referral.service_id, referral.target_organization_id = service.id, service.organization_id
    if change.urgency is not None:
        referral.urgency = change.urgency
    for name in given.intersection(_TEXTS):
        setattr(texts, name, getattr(change, name))
    if "legal_basis" in given:
        _record_basis(work, referral, texts, change.legal_basis)
    await write_texts(work, referral, texts)
    record_change(work, referral, "edited", Side.SOURCE, work.actor.member_id)


def _record_basis(work: ActorUnitOfWork, referral: Referral, texts: Texts, basis: LegalBasis | None) -> None:
    if basis and basis.consent and basis.consent.given_on > work.today:
        field = "legal_basis.consent.given_on"
        raise invalid(
            "A consent can't have been given on a day to come.", [{"field": field, "message": "in the future"}]
        )
    texts.legal_basis = basis.model_dump(mode="json", exclude_none=True) if basis else None
    referral.legal_basis_kind = basis.kind if basis else None
    referral.legal_basis_recorded_by = work.actor.member_id if basis else None
    referral.legal_basis_recorded_at = work.now if basis else None


async def _client_of(work: ActorUnitOfWork, new: NewReferral) -> Client:
    if new.client is not None:
        return await create_client(work, new.client)
    assert new.client_id is not None, "the schema asks for one of the two"
    return await own_client(work, new.client_id)


async def _free_reference(work: ActorUnitOfWork) -> str:
    while not work.free_references:
        reference = new_reference()
        if not await run_plainly(work.session, _TAKEN, reference):
            work.free_references.append(reference)
    return work.free_references.pop()


def _answer_associated_data(member_id: UUID, key: str) -> str:
    return f"answer:{member_id}:{key}"
