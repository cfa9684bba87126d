"""What a use case or a query works with: one transaction, the keys to client data, who acts, and the moment it is."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import text

from services.referral.vault import Vault
from shared.actors import Actor
from shared.clock import day_in_kuopio
from shared.database.transaction import Transaction
from shared.problems import conflict
from shared.publishing.outbox import Outbox

_KEY = text("SELECT wrapped FROM client_keys WHERE client_id = :client_id")


@dataclass
class UnitOfWork:
    """One unit of work. `now` is read once, so that all rows of one request agree."""

    tx: Transaction
    outbox: Outbox
    vault: Vault
    now: datetime
    _keys: dict[UUID, bytes] = field(default_factory=dict)

    @property
    def today(self) -> date:
        """The day in Kuopio."""
        return day_in_kuopio(self.now)

    async def key_of(self, client_id: UUID) -> bytes:
        """The key of a client; read once per unit of work. Raises 409 when it was destroyed, and the client erased."""
        if client_id not in self._keys:
            wrapped = (await self.tx.execute(_KEY, {"client_id": client_id})).scalar_one_or_none()
            if wrapped is None:
                raise conflict("The client was erased; nothing more can be written about them.", name="client-erased")
            self._keys[client_id] = self.vault.unwrap(client_id, wrapped)
        return self._keys[client_id]

    def keep_key(self, client_id: UUID, key: bytes) -> None:
        """Keep the key of a client who is created in this unit of work."""
        self._keys[client_id] = key

    def forget_key(self, client_id: UUID) -> None:
        """Drop a key that was destroyed in this unit of work."""
        self._keys.pop(client_id, None)


@dataclass
class ActorUnitOfWork(UnitOfWork):
    """A unit of work that a member asked for."""

    actor: Actor = field(kw_only=True)
