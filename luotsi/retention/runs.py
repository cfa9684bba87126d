"""When retention ran last."""

from datetime import datetime

from sqlalchemy import func
from sqlmodel import col, select

from luotsi.platform.target import Target
from services.referral.tables import FinishedRetention
from shared.database.connections import Database

_LAST = select(func.max(col(FinishedRetention.started_at)))


async def last_run(target: Target) -> datetime | None:
    """When the last run began that came to its end; None when there was none."""
    database = Database(target.database_url("referral"), pool_size=1)
    try:
        async with database.transaction() as tx:
            last: datetime | None = (await tx.execute(_LAST)).scalar_one()
            return last
    finally:
        await database.close()
