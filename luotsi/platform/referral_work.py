"""What the operator needs to work on the referral database: a unit of work, the vault, the epoch of its events."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import text

from luotsi.platform.operator_database import operator_database
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from services.referral.unit_of_work import UnitOfWork
from services.referral.vault import Unreadable, Vault
from shared.clock import utc_now
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox


@asynccontextmanager
async def working(target: Target) -> AsyncIterator[UnitOfWork]:
    """A unit of work of the operator on the referral database, committed at the end."""
    try:
        async with operator_database(target.database_url("referral")) as database, database.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 0"))
            outbox = Outbox("referral", await epoch_of(target, tx))
            yield UnitOfWork(tx=tx, outbox=outbox, vault=vault(target), now=utc_now())
    except Unreadable as error:
        raise PlatformError(
            f"what is closed does not open ({error}): are MASTER_KEY and its like those of then?"
        ) from None


def vault(target: Target) -> Vault:
    """The vault with the keys of the platform."""
    return Vault(
        target.key("MASTER_KEY"),
        target.key("INDEX_KEY"),
        former_master_key=target.former_key("MASTER_KEY"),
        former_index_key=target.former_key("INDEX_KEY"),
    )


async def epoch_of(target: Target, tx: Transaction, service: str = "referral") -> int:
    """The epoch that the service's processes write in: as set, or that of the newest event where that is higher."""
    newest = "SELECT CAST(CAST(payload AS json) ->> 'epoch' AS int) FROM outbox ORDER BY id DESC LIMIT 1"
    told = (await tx.execute(text(newest))).scalar_one_or_none()
    return max(told or 1, int(target.environment.get(f"{service.upper()}_EPOCH", "1")))
