"""What every command works with."""

from dataclasses import dataclass
from datetime import date, datetime

from services.catalog.domain.members import Caller
from shared.actors import Actor
from shared.clock import day_in_kuopio
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox


@dataclass(frozen=True)
class UnitOfWork:
    """The transaction, where events are recorded, the moment it is, and who wants the change.

    `caller` is the `actor` as the rules see it. The operator at the command line is no member: then `actor` is None,
    and the caller may what an administrator of the platform may.
    """

    tx: Transaction
    outbox: Outbox
    now: datetime
    caller: Caller
    actor: Actor | None

    @property
    def today(self) -> date:
        """The day it is in Finland."""
        return day_in_kuopio(self.now)
