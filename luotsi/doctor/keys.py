"""A look at the keys to clients' data: do they open any?"""

import asyncio

from luotsi.doctor.finding import Finding
from luotsi.platform.process import PlatformError
from luotsi.platform.referral_work import vault
from luotsi.platform.target import Target
from services.referral.use_cases.key_check import OPENS_NOTHING, opens_some
from shared.database.connections import Database


async def keys(target: Target) -> list[Finding]:
    """Whether the keys that this command was given open a client's key."""
    try:
        opener = vault(target)
    except PlatformError:
        return [Finding("keys", True, "are not tried: MASTER_KEY and INDEX_KEY are not known here")]
    database = Database(target.database_url("referral"), pool_size=1)
    try:
        async with database.reading() as reader:
            fits = await opens_some(reader, opener)
    finally:
        await asyncio.shield(database.close())
    if fits:
        return [Finding("keys", True, "open a client's data, or there is none")]
    what, _, advice = OPENS_NOTHING.partition(". ")
    return [Finding("keys", False, what, advice)]
