"""How often something may be tried: counted in the database, for all processes together, and through every outage."""

from datetime import datetime
from typing import Final

from sqlalchemy import DateTime, LargeBinary, bindparam, case, delete
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col

from services.portal.domain.lifetimes import LIMITS, Limited
from services.portal.tables import Count
from services.portal.vault import AccountVault
from shared.database.transaction import Transaction

_new = insert(Count).values(
    digest=bindparam("digest", type_=LargeBinary), began_at=bindparam("now", type_=DateTime(timezone=True)), tries=1
)
_begun_anew = col(Count.began_at) <= bindparam("begun_before", type_=DateTime(timezone=True))
_COUNT: Final = _new.on_conflict_do_update(
    index_elements=["digest"],
    set_={
        "tries": case((_begun_anew, 1), else_=col(Count.tries) + 1),
        "began_at": case((_begun_anew, _new.excluded.began_at), else_=col(Count.began_at)),
    },
).returning(col(Count.tries))


async def allows(tx: Transaction, vault: AccountVault, what: Limited, who: str, now: datetime) -> bool:
    """Count a try by `who`, and say whether it is one of those that there may be."""
    limit = LIMITS[what]
    parameters = {"digest": vault.digest("count", what, who), "now": now, "begun_before": now - limit.within}
    tries = (await tx.execute(_COUNT, parameters)).scalar_one()
    return bool(tries <= limit.most)


async def is_first(tx: Transaction, vault: AccountVault, browser: str, key: str, now: datetime) -> bool:
    """Whether a browser sends the form with an idempotency key for the first time; waits for one that is under way."""
    return await tx.insert_if_new(Count(digest=vault.digest("form", browser, key), began_at=now, tries=1))


async def forgive(tx: Transaction, vault: AccountVault, what: Limited, who: str) -> None:
    """Begin to count anew: what was tried succeeded."""
    await tx.execute(delete(Count).where(col(Count.digest) == vault.digest("count", what, who)))


async def forget_old_counts(tx: Transaction, now: datetime) -> int:
    """Remove the counts whose time has passed. Returns how many."""
    longest = max(limit.within for limit in LIMITS.values())
    return (await tx.execute(delete(Count).where(col(Count.began_at) < now - longest))).rowcount
