"""What a client is entitled to know: who handled their data, and all that is held about them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import SQLModel, col, select

from services.referral.queries.clients import client_view
from services.referral.queries.names import NamesOf
from services.referral.schemas.access_report import BasisInShort, ClientExport, ClientReport, Handling, ReferredTo
from services.referral.tables import (
    Client,
    ClientLookup,
    Delivery,
    Disclosure,
    IdempotencyKey,
    Message,
    Referral,
    TimelineEntry,
)
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork
from services.referral.use_cases.clients import note_disclosure, open_details, served_client
from services.referral.use_cases.sealed_texts import Texts, read_texts
from services.referral.vault import unseal
from shared.database.rows import RowT, table_of


async def report_for(work: ActorUnitOfWork, client_id: UUID | None) -> ClientReport:
    """The report that an adviser asks for; asking is written down, and is the last line of it.

    Raises 404 for a client whom the actor may not give a report to.
    """
    client = await served_client(work, client_id)
    note_disclosure(work, client.id, "report", None)
    return await report(work, client, organization_id=work.actor.organization_id)


async def report(work: UnitOfWork, client: Client, *, organization_id: UUID | None) -> ClientReport:
    """Who handled the client's data. Only members of `organization_id` are named; all of them where it is None.

    The caller has noted the disclosure before, so that it stands in the report too.
    """
    referrals = await _referrals(work, client.id)
    shown = await _disclosures(work, client.id)
    involved = {one.organization_id for one in shown}
    involved |= {each for one in referrals for each in (one.source_organization_id, one.target_organization_id)}
    names = await NamesOf.of(work, involved | {referral.service_id for referral in referrals})
    references = {referral.id: referral.reference for referral in referrals}
    return ClientReport(
        client=client_view(client, await open_details(work, client)),
        made_at=work.now,
        referrals=[_referred(one, await read_texts(work, one), names) for one in referrals],
        handled=[
            Handling(
                at=one.at,
                organization=names.organization(one.organization_id),
                occasion=one.occasion,
                reference=references.get(one.referral_id) if one.referral_id else None,
                member_id=one.member_id if organization_id in (None, one.organization_id) else None,
                operator=one.member_id is None,
            )
            for one in shown
        ],
    )


def _referred(referral: Referral, texts: Texts, names: NamesOf) -> ReferredTo:
    return ReferredTo(
        **referral.model_dump(include=set(ReferredTo.model_fields)),
        service=names.service(referral.service_id),
        source_organization=names.organization(referral.source_organization_id),
        target_organization=names.organization(referral.target_organization_id),
        legal_basis=_in_short(referral, texts),
        withdrawn_on=referral.withdrawal_told_on,
    )


def _in_short(referral: Referral, texts: Texts) -> BasisInShort | None:
    if texts.legal_basis is None:
        return None
    consent = texts.legal_basis.get("consent")
    given = consent if isinstance(consent, dict) else {}
    said = {"kind": referral.legal_basis_kind, "statute": texts.legal_basis.get("statute"), **given}
    return BasisInShort.model_validate({**said, "recorded_at": referral.legal_basis_recorded_at})


async def export(work: UnitOfWork, client: Client) -> ClientExport:
    """All that this service holds about a client, with every text opened."""
    key = await work.key_of(client.id)
    lookups = await work.tx.all(select(ClientLookup.field).where(ClientLookup.client_id == client.id))
    answers = await work.tx.all(select(IdempotencyKey).where(IdempotencyKey.client_id == client.id))
    referrals = []
    for referral in await _referrals(work, client.id):
        messages = await _rows(work, Message, col(Message.referral_id) == referral.id)
        opened = [
            message.model_dump(mode="json", exclude={"text"})
            | {"text": unseal(key, message.text, f"message:{message.id}")}
            for message in messages
        ]
        referrals.append(
            referral.model_dump(mode="json", exclude={"texts"})
            | {
                "texts": (await read_texts(work, referral)).model_dump(mode="json", exclude_none=True),
                "messages": opened,
                "timeline": await _plain(work, TimelineEntry, col(TimelineEntry.referral_id) == referral.id),
                "told": await _plain(work, Delivery, col(Delivery.referral_id) == referral.id),
            }
        )
    return ClientExport(
        client=client.model_dump(mode="json", exclude={"details"}) | await open_details(work, client),
        made_at=work.now,
        found_by=sorted(lookups),
        referrals=referrals,
        handled=[one.model_dump(mode="json") for one in await _disclosures(work, client.id)],
        answers_kept=[one.model_dump(mode="json", include={"member_id", "key", "created_at"}) for one in answers],
    )


async def _referrals(work: UnitOfWork, client_id: UUID) -> Sequence[Referral]:
    query = select(Referral).where(Referral.client_id == client_id).order_by(col(Referral.id))
    return await work.tx.all(query)


async def _disclosures(work: UnitOfWork, client_id: UUID) -> Sequence[Disclosure]:
    query = select(Disclosure).where(Disclosure.client_id == client_id)
    return await work.tx.all(query.order_by(col(Disclosure.at), col(Disclosure.id)))


async def _rows(work: UnitOfWork, model: type[RowT], condition: ColumnElement[bool]) -> list[RowT]:
    """Oldest first: ids are in the order of time."""
    rows: list[RowT] = await work.tx.all(select(model).where(condition).order_by(*table_of(model).primary_key))
    return rows


async def _plain(work: UnitOfWork, model: type[SQLModel], condition: ColumnElement[bool]) -> list[dict[str, Any]]:
    return [row.model_dump(mode="json") for row in await _rows(work, model, condition)]
