"""Leases: a row that says which process may do a job that only one may do at a time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text
from sqlmodel.ext.asyncio.session import AsyncSession

# The database's own clock decides, so that two machines never disagree about the hour.
_TAKE = """
INSERT INTO leases (name, holder, expires_at)
VALUES ({name}, {holder}, clock_timestamp() + {span})
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder OR leases.expires_at < clock_timestamp()
RETURNING holder
"""
_GIVE_BACK = "DELETE FROM leases WHERE name = {name} AND holder = {holder}"

_NAMED = {"name": ":name", "holder": ":holder", "span": ":span"}
_NUMBERED = {"name": "$1", "holder": "$2", "span": "$3::interval"}


async def take(session: AsyncSession, name: str, holder: str, span: timedelta) -> bool:
    """Take or renew the lease `name`; returns whether `holder` has it now, for `span` from now."""
    result = await session.execute(text(_TAKE.format(**_NAMED)), {"name": name, "holder": holder, "span": span})
    return result.first() is not None


async def give_back(session: AsyncSession, name: str, holder: str) -> None:
    """End a lease early, so that a successor need not wait for it to run out."""
    await session.execute(text(_GIVE_BACK.format(**_NAMED)), {"name": name, "holder": holder})


async def take_plainly(connection: Any, name: str, holder: str, span: timedelta) -> bool:
    """`take` on a connection of the driver."""
    return await connection.fetchval(_TAKE.format(**_NUMBERED), name, holder, span) is not None


async def give_back_plainly(connection: Any, name: str, holder: str) -> None:
    """`give_back` on a connection of the driver."""
    await connection.execute(_GIVE_BACK.format(**_NUMBERED), name, holder)
