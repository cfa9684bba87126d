"""What a use case works with: one transaction, the keys, who acts, and the hour."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import Executable
from sqlmodel.ext.asyncio.session import AsyncSession

from services.referral.tables import Client
from services.referral.tables.catalog_facts import CatalogFact
from services.referral.vault import Vault
from shared.actors import Actor
from shared.clock import day_in_kuopio
from shared.database.connections import run_plainly
from shared.problems import conflict
from shared.publishing.outbox import Outbox

FactT = TypeVar("FactT", bound=CatalogFact)

_KEY = "SELECT wrapped FROM client_keys WHERE client_id = $1"


@dataclass
class UnitOfWork:
    """One unit of work. `now` is read once, so that all rows of one request agree."""

    session: AsyncSession
    outbox: Outbox
    vault: Vault
    now: datetime
    _keys: dict[UUID, bytes] = field(default_factory=dict)
    _clients: dict[UUID, Client] = field(default_factory=dict)
    _new: set[UUID] = field(default_factory=set)
    _facts: dict[UUID, CatalogFact | None] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in Kuopio."""
        return day_in_kuopio(self.now)

    async def key_of(self, client_id: UUID) -> bytes:
        """The key of a client; read once per unit of work. Raises 409 when it was destroyed, and the client erased."""
        if client_id not in self._keys:
            kept = await run_plainly(self.session, _KEY, client_id)
            if not kept:
                raise conflict("The client was erased; nothing more can be written about them.", name="client-erased")
            self._keys[client_id] = self.vault.unwrap(client_id, kept[0]["wrapped"])
        return self._keys[client_id]

    def forget_key(self, client_id: UUID) -> None:
        """Drop a key that was destroyed in this unit of work."""
        self._keys.pop(client_id, None)

    async def client_of(self, client_id: UUID) -> Client:
        """A client; read once per unit of work."""
        if client_id not in self._clients:
            self._clients[client_id] = await self.session.get_one(Client, client_id)
        return self._clients[client_id]

    def remember_client(self, client: Client, key: bytes) -> None:
        """Keep a client created in this unit of work, and its key."""
        self._clients[client.id], self._keys[client.id] = client, key
        self.remember_new(client.id)

    def remember_new(self, row_id: UUID) -> None:
        """Keep that a client or a referral is created in this unit of work."""
        self._new.add(row_id)

    def is_new(self, row_id: UUID) -> bool:
        """Whether the client or referral was created in this unit of work, so that nothing earlier speaks of it."""
        return row_id in self._new

    async def facts(self, kind: type[FactT], ids: Iterable[UUID]) -> dict[UUID, FactT]:
        """Facts of the catalogue's copy, by id, those that it knows; each is read once per unit of work."""
        wanted = set(ids)
        if missing := wanted - self._facts.keys():
            found = await run_plainly(self.session, kind.query(), list(missing))
            self._facts.update(dict.fromkeys(missing))
            self.remember_facts(kind.model_validate_json(fact) for (fact,) in found)
        known = ((fact_id, self._facts[fact_id]) for fact_id in wanted)
        return {fact_id: cast("FactT", fact) for fact_id, fact in known if fact is not None}

    async def fact(self, kind: type[FactT], fact_id: UUID) -> FactT | None:
        """One fact of the copy; None for one that it does not know."""
        return (await self.facts(kind, [fact_id])).get(fact_id)

    def knows(self, fact_id: UUID) -> bool:
        """Whether the copy was asked for this fact already."""
        return fact_id in self._facts

    def remember_facts(self, facts: Iterable[CatalogFact]) -> None:
        """Keep facts that were read together."""
        self._facts.update({fact.id: fact for fact in facts})

    async def read(self, query: Executable, parameters: Mapping[str, Any] | None = None) -> Sequence[Any]:
        """The rows of a query that nothing added or changed in this unit of work bears upon: it flushes nothing."""
        with self.session.no_autoflush:
            return (await self.session.execute(query, parameters)).all()


@dataclass
class ActorUnitOfWork(UnitOfWork):
    """A unit of work that a member asked for."""

    actor: Actor = field(kw_only=True)
    lookups: dict[UUID, dict[str, bytes]] = field(default_factory=dict)
    """Client → the keyed hashes by which it is found again, field by field, where they were read or written."""
    desks: dict[UUID, list[UUID]] = field(default_factory=dict)
    """Organisation → the members who receive referrals there, where they were read."""
    free_references: list[str] = field(default_factory=list)
    """References that no referral has yet, found in passing; whoever gives one out takes it off."""
