"""Leases: a row that says which process may do a job that only one may do at a time."""

from datetime import timedelta

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

# The database's own clock decides, so that two machines never disagree about the hour.
_TAKE = text(
    """
    INSERT INTO leases (name, holder, expires_at)
    VALUES (:name, :holder, clock_timestamp() + :span)
    ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
    WHERE leases.holder = excluded.holder OR leases.expires_at < clock_timestamp()
    RETURNING holder
    """
)
_GIVE_BACK = text("DELETE FROM leases WHERE name = :name AND holder = :holder")


async def take(session: AsyncSession, name: str, holder: str, span: timedelta) -> bool:
    """Take or renew the lease `name`; returns whether `holder` has it now, for `span` from now."""
    result = await session.execute(_TAKE, {"name": name, "holder": holder, "span": span})
    return result.first() is not None


async def give_back(session: AsyncSession, name: str, holder: str) -> None:
    """End a lease early, so that a successor need not wait for it to run out."""
    await session.execute(_GIVE_BACK, {"name": name, "holder": holder})
