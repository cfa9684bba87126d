"""Creating a referral, and changing a draft."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlmodel import select

from services.referral.domain.lifecycle import Side, Status
from services.referral.domain.references import new_reference
from services.referral.queries.clients import lookups_of, sought_hashes
from services.referral.queries.recipients import Recipient, recipient_of, require_desk
from services.referral.schemas.legal_basis import LegalBasis
from services.referral.schemas.referrals import DraftChange, NewReferral
from services.referral.schemas.sending import Duplicate
from services.referral.tables import Client, Referral, Service
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases import duplicates
from services.referral.use_cases.clients import PreparedClient, add_client, change_client, own_client, prepare_client
from services.referral.use_cases.commands import refuse_incomplete, send
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import Texts, read_texts, seal_texts, write_texts
from shared.ids import new_id
from shared.problems import invalid, unavailable

log = logging.getLogger(__name__)

_TRIES: Final = 10
"""Where a hundred million referrals have a sixth of the longer references, one in thirty million runs out of these."""

_TEXTS = ("reason", "shareable_note", "private_note")


@dataclass(frozen=True)
class CreatedReferral:
    """A referral that was just created, and what is known of it, so that nothing is read or opened to show it.

    `details` are those of a client that was created with it; None for a client who was there already.
    """

    referral: Referral
    recipient: Recipient
    texts: Texts
    client: Client
    details: Mapping[str, str] | None
    duplicates: list[Duplicate]


async def create(work: ActorUnitOfWork, new: NewReferral, follows: Referral | None = None) -> CreatedReferral:
    """Create a referral as a draft and, if asked to, send it. `follows`: the declined one whose suggestion is followed.

    All that is needed is read and refused first, then all is written. Raises 422 when it can't be created, and
    PossibleDuplicate when there may be one and the request asks to be asked.
    """
    recipient = await recipient_of(work, new.service_id)
    prepared = prepare_client(work, new.client) if new.client is not None else None
    client = prepared.row if prepared else await _client_named(work, new)
    refuse_future_consent(work, new.legal_basis)
    texts = Texts(**new.model_dump(include=set(_TEXTS)), legal_basis=basis_texts(new.legal_basis))
    if new.send:
        refuse_incomplete(texts)
        require_desk(recipient)
    found = await _earlier(work, new, client, prepared)
    await work.key_of(client.id)  # read before anything is written, so that the referral goes in with its texts sealed
    if prepared is not None:
        add_client(work, prepared)
    referral = await draft_of(work, recipient, client)
    referral.urgency = new.urgency
    referral.follows_id = follows.id if follows else None
    enter(work, referral, texts, new.legal_basis)
    if new.send:
        send(work, referral, texts, recipient)
    await seal_texts(work, referral, texts)
    told = duplicates.tell(work, found)
    return CreatedReferral(referral, recipient, texts, client, prepared.details if prepared else None, told)


async def _client_named(work: ActorUnitOfWork, new: NewReferral) -> Client:
    assert new.client_id is not None, "the schema asks for one of the two"
    return await own_client(work, new.client_id)


async def _earlier(
    work: ActorUnitOfWork, new: NewReferral, client: Client, prepared: PreparedClient | None
) -> list[duplicates.Found]:
    if prepared is not None:
        return await duplicates.find(
            work, new.service_id, sought_hashes(work, prepared.details), None, new.on_duplicate
        )
    hashes = await lookups_of(work, client.id)
    return await duplicates.find(work, new.service_id, hashes, client.id, new.on_duplicate)


async def draft_of(work: ActorUnitOfWork, recipient: Recipient, client: Client) -> Referral:
    """A draft by the actor, the first of a chain of its own, that `enter` still has to write down."""
    referral_id = new_id()
    return Referral(
        id=referral_id,
        root_id=referral_id,
        reference=recipient.reference or await _free_reference(work),
        version=0,
        status=Status.DRAFT,
        urgency="routine",
        language=client.language,
        client_id=client.id,
        service_id=recipient.service.id,
        source_organization_id=work.actor.organization_id,
        source_member_id=work.actor.member_id,
        target_organization_id=recipient.organization.id,
        desk_member_ids=[],
        texts=b"",
        created_at=work.now,
        updated_at=work.now,
    )


def enter(work: ActorUnitOfWork, referral: Referral, texts: Texts, basis: LegalBasis | None) -> None:
    """Write a new draft down, with its legal basis; its texts are to be sealed afterwards."""
    _record_basis(work, referral, texts, basis)
    work.tx.insert(referral)
    record_change(work, referral, "created", Side.SOURCE, work.actor.member_id)


@dataclass(frozen=True)
class Named:
    """What a change of a draft names: another client, another service; None for what stays."""

    client: Client | None
    service: Service | None


async def named_by(work: ActorUnitOfWork, change: DraftChange) -> Named:
    """Look up what a change of a draft names. Raises 422 for what there is not, and for a consent of a day to come."""
    refuse_future_consent(work, change.legal_basis)
    return Named(
        await own_client(work, change.client_id) if change.client_id is not None else None,
        (await recipient_of(work, change.service_id)).service if change.service_id is not None else None,
    )


async def edit(work: ActorUnitOfWork, referral: Referral, change: DraftChange, named: Named) -> None:
    """Change a draft. A legal basis holds for one recipient only: another recipient takes it away."""
    given = change.model_fields_set
    if not given:
        return
    texts = await read_texts(work, referral)
    if named.client is not None:
        referral.client_id, referral.language = named.client.id, named.client.language
    if change.client is not None:
        client = await own_client(work, referral.client_id)
        await change_client(work, client, change.client)
        referral.language = client.language
    if named.service is not None:
        if named.service.organization_id != referral.target_organization_id:
            _record_basis(work, referral, texts, None)
        referral.service_id, referral.target_organization_id = named.service.id, named.service.organization_id
    if change.urgency is not None:
        referral.urgency = change.urgency
    for name in given.intersection(_TEXTS):
        setattr(texts, name, getattr(change, name))
    if "legal_basis" in given:
        _record_basis(work, referral, texts, change.legal_basis)
    await write_texts(work, referral, texts)
    record_change(work, referral, "edited", Side.SOURCE, work.actor.member_id)


def refuse_future_consent(work: ActorUnitOfWork, basis: LegalBasis | None) -> None:
    """Raise 422 for a consent of a day to come."""
    if basis and basis.consent and basis.consent.given_on > work.today:
        errors = [{"field": "legal_basis.consent.given_on", "message": "in the future"}]
        raise invalid("A consent can't have been given on a day to come.", errors)


def basis_texts(basis: LegalBasis | None) -> dict[str, object] | None:
    """The whole legal basis as it is sealed with the texts."""
    return basis.model_dump(mode="json", exclude_none=True) if basis else None


def _record_basis(work: ActorUnitOfWork, referral: Referral, texts: Texts, basis: LegalBasis | None) -> None:
    texts.legal_basis = basis_texts(basis)
    referral.legal_basis_kind = basis.kind if basis else None
    referral.legal_basis_recorded_by = work.actor.member_id if basis else None
    referral.legal_basis_recorded_at = work.now if basis else None


async def _free_reference(work: ActorUnitOfWork) -> str:
    """One of the longer ones. Raises 503 where several in a row are taken: then hardly any are left."""
    for _ in range(_TRIES):
        reference = new_reference(longer=True)
        if await work.tx.first(select(Referral.id).where(Referral.reference == reference)) is None:
            return reference
    log.error("no free reference was found: nearly all are in use, and new ones have to become longer")
    raise unavailable(
        "No free reference was found, so nothing was created. Send the same request again; where it fails again, tell "
        "those who run the platform."
    )
