"""Leases: a row that says which process may do a job that only one may do at a time."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from shared.database.transaction import Transaction

# The database's own clock decides, so that two machines never disagree about the hour. Where that clock is set back, a
# lease may seem to last for long: one that ends later than any taken now holds for nobody.
_TAKE = """
INSERT INTO leases (name, holder, expires_at)
VALUES ({name}, {holder}, clock_timestamp() + {span})
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE leases.holder = excluded.holder
    OR leases.expires_at NOT BETWEEN clock_timestamp() AND clock_timestamp() + {span}
RETURNING holder
"""
_TAKE_NAMED = text(_TAKE.format(name=":name", holder=":holder", span="CAST(:span AS interval)"))
_TAKE_NUMBERED = _TAKE.format(name="$1", holder="$2", span="$3::interval")


async def take(tx: Transaction, name: str, holder: str, span: timedelta) -> bool:
    """Take or renew the lease `name`; returns whether `holder` has it now, for `span` from now.

    All who take it take it for the same span.
    """
    return (await tx.execute(_TAKE_NAMED, {"name": name, "holder": holder, "span": span})).first() is not None


async def take_on_raw_connection(connection: Any, name: str, holder: str, span: timedelta) -> bool:
    """`take` on a connection of asyncpg's."""
    return await connection.fetchval(_TAKE_NUMBERED, name, holder, span) is not None


async def give_back_on_raw_connection(connection: Any, name: str, holder: str) -> None:
    """End a lease early, so that a successor need not wait for it to run out."""
    await connection.execute("DELETE FROM leases WHERE name = $1 AND holder = $2", name, holder)
