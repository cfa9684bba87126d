"""How PostgreSQL plans a statement that a connection sends again and again, until the transaction ends.

By itself it plans one by its values five times, and from then on once for all values, unless that looks dearer. It
cannot tell whether it is: what it does not know, as how long a period is, it guesses.
"""

from typing import Final

from sqlalchemy import text

from shared.database.transaction import Transaction

_ONCE: Final = text("SET LOCAL plan_cache_mode = force_generic_plan")
_BY_VALUES: Final = text("SET LOCAL plan_cache_mode = force_custom_plan")


async def plan_once(tx: Transaction) -> None:
    """For statements that are quick whatever they ask for: planning them would take longer than they do."""
    await tx.execute(_ONCE)


async def plan_by_values(tx: Transaction) -> None:
    """For statements that read few rows or nearly all, as their values are: counts over a period."""
    await tx.execute(_BY_VALUES)
