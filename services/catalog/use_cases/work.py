"""What every command works with."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlmodel.ext.asyncio.session import AsyncSession

from services.catalog.domain import Caller, today
from shared.outbox import Outbox


@dataclass(frozen=True)
class Work:
    """The transaction, where events are recorded, the moment it is, and who wants the change."""

    session: AsyncSession
    outbox: Outbox
    now: datetime
    caller: Caller

    @property
    def today(self) -> date:
        """The day it is in Finland."""
        return today(self.now)
