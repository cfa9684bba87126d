"""Duplicates: earlier referrals of the same client to the same service, as the own organisation knows them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import LargeBinary, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.referral.domain.client_matching import agreeing, speaks_against
from services.referral.domain.lifecycle import OPEN, Status
from services.referral.queries import visibility
from services.referral.queries.clients import lookups_of, sought_hashes
from services.referral.schemas.parts import OnDuplicate
from services.referral.schemas.sending import BeforeSendingRequest, Duplicate
from services.referral.tables import ClientLookup, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.clients import note_disclosure, own_client
from shared.clock import day_in_kuopio
from shared.problems import Problem, conflict

_SAID_AT_MOST = 20
_SAME_HASHES = select(ClientLookup.client_id, ClientLookup.field, ClientLookup.digest).where(
    col(ClientLookup.organization_id) == bindparam("own"),
    col(ClientLookup.digest) == any_(bindparam("hashes", type_=ARRAY(LargeBinary))),
)


@dataclass(frozen=True)
class Found:
    """A possible duplicate, and whose it is."""

    client_id: UUID
    duplicate: Duplicate


class PossibleDuplicate(Exception):
    """There may be a duplicate, and the caller wants to be asked before anything is done."""

    def __init__(self, found: Sequence[Found]) -> None:
        super().__init__(f"{len(found)} possible duplicates")
        self.found = found


async def duplicates_before(work: ActorUnitOfWork, asked: BeforeSendingRequest) -> list[Duplicate]:
    """What there is already for a client who is about to be referred; none when no client was named."""
    if asked.client is not None:
        return tell(work, await find(work, asked.service_id, sought_hashes(work, asked.client.details()), None))
    if asked.client_id is not None:
        client = await own_client(work, asked.client_id)
        return tell(work, await find(work, asked.service_id, await lookups_of(work, client.id), client.id))
    return []


async def duplicates_of(work: ActorUnitOfWork, referral: Referral, choice: OnDuplicate = "go_on") -> list[Duplicate]:
    """What there is besides `referral`, which the actor's organisation made. Raises PossibleDuplicate."""
    lookups = await lookups_of(work, referral.client_id)
    found = await find(work, referral.service_id, lookups, referral.client_id, choice, besides=referral.id)
    return tell(work, found)


def tell(work: ActorUnitOfWork, found: Sequence[Found]) -> list[Duplicate]:
    """What the caller is shown. That a client has been referred is about the client, so each showing is recorded."""
    for one in found:
        note_disclosure(work, one.client_id, "duplicates", one.duplicate.referral_id)
    return [one.duplicate for one in found]


def question(work: ActorUnitOfWork, possible: PossibleDuplicate) -> Problem:
    """The problem by which the caller is asked whether to go on."""
    told = [duplicate.model_dump(mode="json") for duplicate in tell(work, possible.found)]
    detail = (
        "What may be the same client has an open referral to this service, or was refused there lately; "
        'see `duplicates`. To go on all the same, send the request again with `"on_duplicate": "go_on"`.'
    )
    return conflict(detail, name="possible-duplicate", members={"duplicates": told})


async def find(
    work: ActorUnitOfWork,
    service_id: UUID,
    hashes: Mapping[str, Collection[bytes]],
    client_id: UUID | None,
    choice: OnDuplicate = "go_on",
    *,
    besides: UUID | None = None,
) -> list[Found]:
    """Earlier referrals to a service of a client with these hashes, or of the client with this id; newest first.

    Those of other organisations are not looked at, so nothing can be learnt or guessed of them. `besides` is left out.
    With the choice to be asked, PossibleDuplicate is raised when there is one. Requests with that choice about one
    service look one after the other, each when the one before is done: so of two at the same moment one is asked.
    """
    if choice == "ask":
        await work.tx.advisory_lock(f"duplicates:{work.actor.organization_id}:{service_id}")
    matches = await _same_clients(work, hashes)
    if client_id is not None:
        matches[client_id] = ["client"]
    found = await _speaking_against(work, service_id, matches, besides) if matches else []
    if found and choice == "ask":
        raise PossibleDuplicate(found)
    return found


async def _speaking_against(
    work: ActorUnitOfWork, service_id: UUID, matches: Mapping[UUID, list[str]], besides: UUID | None
) -> list[Found]:
    query = (
        select(Referral)
        .where(
            visibility.sent_by(work.actor),
            Referral.service_id == service_id,
            col(Referral.client_id).in_(list(matches)),
            col(Referral.status).in_([*OPEN, Status.REJECTED]),
        )
        .order_by(col(Referral.id).desc())
    )
    found: list[Found] = []
    for earlier in await work.tx.all(query):
        declined_on = day_in_kuopio(earlier.declined_at) if earlier.declined_at else None
        kind = speaks_against(Status(earlier.status), declined_on, work.today)
        if kind is not None and earlier.id != besides:
            found.append(Found(earlier.client_id, _duplicate(earlier, kind, matches[earlier.client_id])))
    return found[:_SAID_AT_MOST]


async def _same_clients(work: ActorUnitOfWork, known_by: Mapping[str, Collection[bytes]]) -> dict[UUID, list[str]]:
    """The organisation's clients who may be the one known by these hashes, each with what agrees."""
    if not known_by:
        return {}
    hashes: dict[UUID, dict[str, bytes]] = defaultdict(dict)
    given = {
        "own": work.actor.organization_id,
        "hashes": [digest for digests in known_by.values() for digest in digests],
    }
    for client_id, field, digest in await work.tx.execute(_SAME_HASHES, given):
        hashes[client_id][field] = digest
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
