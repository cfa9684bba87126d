"""Duplicates: earlier referrals of the same client to the same service, as the own organisation knows them."""

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from sqlmodel import col, or_, select

from services.referral import scope
from services.referral.domain import OPEN, Status
from services.referral.sameness import agreeing, speaks_against
from services.referral.schemas import BeforeSendingRequest
from services.referral.tables import ClientLookup, Referral
from services.referral.use_cases.clients import digests, lookups_of, note_disclosure, own_client
from services.referral.views import Duplicate
from services.referral.work import ActorWork
from shared.clock import day_in_kuopio

_SAID_AT_MOST = 20


async def duplicates_before(work: ActorWork, asked: BeforeSendingRequest) -> list[Duplicate]:
    """What there is already for a client who is about to be referred; none when no client was named."""
    if asked.client is not None:
        return await _duplicates(work, asked.service_id, digests(work, asked.client), None, None)
    if asked.client_id is not None:
        client = await own_client(work, asked.client_id)
        return await _duplicates(work, asked.service_id, await lookups_of(work, client.id), client.id, None)
    return []


async def duplicates_of(work: ActorWork, referral: Referral) -> list[Duplicate]:
    """What there is besides `referral`, which the actor's organisation made."""
    lookups = await lookups_of(work, referral.client_id)
    return await _duplicates(work, referral.service_id, lookups, referral.client_id, referral.id)


async def _duplicates(
    work: ActorWork, service_id: UUID, known_by: Mapping[str, bytes], client_id: UUID | None, besides: UUID | None
) -> list[Duplicate]:
    """Newest first. What another organisation has sent is not looked at, so nothing can be told or guessed of it.

    That a client has been referred is about the client: each one told is written down.
    """
    matches = await _same_clients(work, known_by)
    if client_id is not None:
        matches[client_id] = ["client"]
    query = (
        select(Referral)
        .where(
            scope.sent_by(work.actor),
            Referral.service_id == service_id,
            col(Referral.client_id).in_(list(matches)),
            col(Referral.status).in_([*OPEN, Status.REJECTED]),
        )
        .order_by(col(Referral.id).desc())
    )
    found: list[Duplicate] = []
    for earlier in await work.session.exec(query):
        declined_on = day_in_kuopio(earlier.declined_at) if earlier.declined_at else None
        kind = speaks_against(Status(earlier.status), declined_on, work.today)
        if kind is not None and earlier.id != besides and len(found) < _SAID_AT_MOST:
            found.append(_duplicate(earlier, kind, matches[earlier.client_id]))
            note_disclosure(work, earlier.client_id, "duplicates", earlier.id)
    return found


async def _same_clients(work: ActorWork, known_by: Mapping[str, bytes]) -> dict[UUID, list[str]]:
    """The organisation's clients who may be the one known by these hashes, each with what agrees."""
    if not known_by:
        return {}
    any_hash = [
        (col(ClientLookup.field) == field) & (col(ClientLookup.digest) == digest) for field, digest in known_by.items()
    ]
    query = select(ClientLookup).where(ClientLookup.organization_id == work.actor.organization_id, or_(*any_hash))
    hashes: dict[UUID, dict[str, bytes]] = defaultdict(dict)
    for lookup in await work.session.exec(query):
        hashes[lookup.client_id][lookup.field] = lookup.digest
    agreed = {client_id: agreeing(known_by, theirs) for client_id, theirs in hashes.items()}
    return {client_id: fields for client_id, fields in agreed.items() if fields}


def _duplicate(earlier: Referral, kind: str, matched_by: list[str]) -> Duplicate:
    return Duplicate(
        kind=kind,
        referral_id=earlier.id,
        reference=earlier.reference,
        status=earlier.status,
        sent_at=earlier.sent_at,
        matched_by=matched_by,
    )
