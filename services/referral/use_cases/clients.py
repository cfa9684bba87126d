"""Clients: kept sealed, found again by keyed hashes, and every showing of one written down."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.referral.domain import identifiers
from services.referral.domain.references import parse_reference
from services.referral.queries import visibility
from services.referral.schemas.clients import ClientSearch, NewClient
from services.referral.tables import Client, ClientKey, ClientLookup, Disclosure, Referral
from services.referral.unit_of_work import ActorWork, Work
from services.referral.vault import seal, unseal
from shared.database.connections import run_plainly
from shared.database.deferred_inserts import add, add_object
from shared.ids import new_id
from shared.problems import invalid

_SEARCH_LIMIT = 20
_LOOKUPS = "SELECT field, digest FROM client_lookups WHERE client_id = $1 AND organization_id = $2"


async def create_client(work: ActorWork, new: NewClient) -> Client:
    """Create a client of the actor's organisation, under a key of its own."""
    client_id = new_id()
    key, wrapped = work.vault.new_key(client_id)
    client = Client(
        id=client_id,
        organization_id=work.actor.organization_id,
        kind=new.kind,
        language=new.language,
        interpreter=new.interpreter,
        contact_via=new.contact_via,
        details=seal(key, _details(new), details_associated_data(client_id)),
        created_at=work.now,
    )
    work.remember_client(client, key)
    add_object(work.session, client)
    add(work.session, ClientKey, client_id=client_id, wrapped=wrapped)
    _add_lookups(work, client, _details(new))
    return client


async def change_client(work: ActorWork, client: Client, new: NewClient) -> None:
    """Put `new` in the place of all that is known of a client; it keeps its id and its key."""
    client.kind, client.language = new.kind, new.language
    client.interpreter, client.contact_via = new.interpreter, new.contact_via
    client.details = seal(await work.key_of(client.id), _details(new), details_associated_data(client.id))
    await work.session.execute(delete(ClientLookup).where(col(ClientLookup.client_id) == client.id))
    _add_lookups(work, client, _details(new))


def _details(new: NewClient) -> dict[str, str]:
    return new.model_dump(mode="json", include=set(identifiers.FIELDS), exclude_none=True)


def _add_lookups(work: ActorWork, client: Client, details: dict[str, str]) -> None:
    work.lookups[client.id] = _digests(work, details)
    for field, digest in work.lookups[client.id].items():
        place = {"client_id": client.id, "organization_id": client.organization_id}
        add(work.session, ClientLookup, **place, field=field, digest=digest)


def digests(work: ActorWork, new: NewClient) -> dict[str, bytes]:
    """What a client would be found again by at the actor's organisation, field by field; keeps nothing."""
    return _digests(work, _details(new))


async def lookups_of(work: ActorWork, client_id: UUID) -> dict[str, bytes]:
    """What a client of the actor's organisation is found again by, field by field."""
    if client_id not in work.lookups:
        found = await run_plainly(work.session, _LOOKUPS, client_id, work.actor.organization_id)
        work.lookups[client_id] = {row["field"]: row["digest"] for row in found}
    return work.lookups[client_id]


async def own_client(work: ActorWork, client_id: UUID) -> Client:
    """A client of the actor's organisation. Raises 422 for any other id."""
    query = select(Client).where(Client.id == client_id, visibility.own_clients(work.actor))
    # Nobody erases the client while something is being written about them.
    client = (await work.session.exec(query.with_for_update(key_share=True))).one_or_none()
    if client is None:
        detail = "Your organisation has no such client. Search for it, or send `client` to create one."
        raise invalid(detail, [{"field": "client_id", "message": "unknown client"}], name="unknown-client")
    return client


async def find_clients(work: ActorWork, search: ClientSearch) -> list[Client]:
    """The clients of the actor's organisation that match all that is searched for, newest first, 20 at most."""
    query = select(Client).where(visibility.own_clients(work.actor))
    if search.reference is not None:
        referrals = select(Referral.client_id).where(
            visibility.sent_by(work.actor), Referral.reference == parse_reference(search.reference)
        )
        query = query.where(col(Client.id).in_(referrals))
    for field, value in search.model_dump(exclude_none=True, exclude={"reference"}).items():
        matching = select(ClientLookup.client_id).where(
            ClientLookup.organization_id == work.actor.organization_id,
            ClientLookup.field == field,
            col(ClientLookup.digest).in_(_digests_to_look_for(work, field, value)),
        )
        query = query.where(col(Client.id).in_(matching))
    return list((await work.session.exec(query.order_by(col(Client.id).desc()).limit(_SEARCH_LIMIT))).all())


async def references_of(work: ActorWork, clients: Sequence[Client]) -> dict[UUID, list[str]]:
    """Per client, the references of the actor's organisation's referrals, newest first."""
    ids = [client.id for client in clients]
    query = (
        select(Referral.client_id, Referral.reference)
        .where(visibility.sent_by(work.actor), col(Referral.client_id).in_(ids))
        .order_by(col(Referral.id).desc())
    )
    found: dict[UUID, list[str]] = {client_id: [] for client_id in ids}
    for client_id, reference in await work.session.exec(query):
        found[client_id].append(reference)
    return found


def note_disclosure(work: ActorWork, client_id: UUID, occasion: str, referral_id: UUID | None) -> None:
    """Write down that something about a client is shown to the actor, and on which occasion."""
    add(
        work.session,
        Disclosure,
        id=new_id(),
        client_id=client_id,
        referral_id=referral_id,
        organization_id=work.actor.organization_id,
        member_id=work.actor.member_id,
        occasion=occasion,
        at=work.now,
    )


async def show_client(
    work: ActorWork, client: Client, occasion: str, referral_id: UUID | None = None
) -> dict[str, str]:
    """The client's details, opened; the way to them for an actor, for it writes the disclosure down."""
    note_disclosure(work, client.id, occasion, referral_id)
    return await open_details(work, client)


async def open_details(work: Work, client: Client) -> dict[str, str]:
    """The client's details, opened; for those who write the disclosure down by themselves."""
    opened: dict[str, str] = unseal(await work.key_of(client.id), client.details, details_associated_data(client.id))
    return opened


def note_operator(work: Work, client: Client, occasion: str) -> None:
    """Write down that an operator of the platform, who is no member, has dealt with a client's data."""
    place = {"client_id": client.id, "organization_id": client.organization_id}
    add(work.session, Disclosure, id=new_id(), **place, occasion=occasion, at=work.now)


def _digests(work: ActorWork, details: dict[str, str]) -> dict[str, bytes]:
    made = {field: _digest(work, field, value) for field, value in details.items()}
    return {field: digest for field, digest in made.items() if digest is not None}


def _digest(work: ActorWork, field: str, value: str) -> bytes | None:
    normal = identifiers.normalise(field, value)
    return work.vault.digest(str(work.actor.organization_id), field, normal) if normal else None


def _digests_to_look_for(work: ActorWork, field: str, value: str) -> list[bytes]:
    normal = identifiers.normalise(field, value)
    return work.vault.digests(str(work.actor.organization_id), field, normal) if normal else []


def details_associated_data(client_id: UUID) -> str:
    return f"client:{client_id}:details"
