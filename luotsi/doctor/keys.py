"""A look at the keys: do they open clients' data, and what the portal has sealed?"""

import asyncio

from luotsi.doctor.finding import Finding
from luotsi.platform import portal_work
from luotsi.platform.process import PlatformError
from luotsi.platform.referral_work import vault
from luotsi.platform.target import Target
from services.portal.use_cases import sealed
from services.referral.use_cases.key_check import OPENS_NOTHING, opens_some
from shared.database.connections import Database


async def keys(target: Target) -> list[Finding]:
    """Whether the keys that this command was given open what was sealed with them."""
    return [*await _clients(target), *await _portal(target)]


async def _portal(target: Target) -> list[Finding]:
    try:
        fits = await portal_work.opens_some(target)
    except PlatformError:
        return [Finding("portal key", True, "is not tried: PORTAL_KEY is not known here")]
    if fits:
        return [Finding("portal key", True, "opens what people sign in with, or there is nothing")]
    what, _, advice = sealed.OPENS_NOTHING.partition(". ")
    return [Finding("portal key", False, what, advice)]


async def _clients(target: Target) -> list[Finding]:
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
