"""What a use case works with: one transaction, the keys, who acts, and the hour."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.referral.tables import ClientKey
from services.referral.vault import Vault
from shared.auth import Actor
from shared.clock import day_in_kuopio
from shared.outbox import Outbox
from shared.problems import conflict


@dataclass
class Work:
    """One unit of work. `now` is read once, so that all rows of one request agree."""

    session: AsyncSession
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
            row = await self.session.get(ClientKey, client_id)
            if row is None:
                raise conflict("The client was erased; nothing more can be written about them.", name="client-erased")
            self._keys[client_id] = self.vault.unwrap(client_id, row.wrapped)
        return self._keys[client_id]

    def forget_key(self, client_id: UUID) -> None:
        """Drop a key that was destroyed in this unit of work."""
        self._keys.pop(client_id, None)

    def remember_key(self, client_id: UUID, key: bytes) -> None:
        """Keep the key of a client created in this unit of work."""
        self._keys[client_id] = key


@dataclass
class ActorWork(Work):
    """A unit of work that a member asked for."""

    actor: Actor = field(kw_only=True)
