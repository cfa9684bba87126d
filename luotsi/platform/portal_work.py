"""What the operator needs to work on what the portal has sealed: its vault, and how far a change of key has come."""

from luotsi.platform.operator_database import operator_database
from luotsi.platform.target import Target
from services.portal.use_cases import sealed
from services.portal.vault import AccountVault
from shared.database.connections import Database


def account_vault(target: Target) -> AccountVault:
    """The vault with the portal's keys."""
    return AccountVault(target.key("PORTAL_KEY"), target.former_key("PORTAL_KEY"))


async def standing_of(target: Target) -> sealed.Standing:
    """How many of the portal's secrets its present key opens, and how many others."""
    async with operator_database(target.database_url("portal")) as database, database.reading() as reader:
        return await sealed.standing(reader, account_vault(target))


async def opens_some(target: Target) -> bool:
    """Whether the portal's keys open something of what it has sealed, or there is nothing."""
    database = Database(target.database_url("portal"), pool_size=1)
    try:
        async with database.reading() as reader:
            return await sealed.opens_some(reader, account_vault(target))
    finally:
        await database.close()


async def seal_anew(target: Target, batch: int) -> tuple[int, int]:
    """Seal anew what the former key sealed, `batch` rows in a transaction; returns how many, and how many stay shut."""
    vault = account_vault(target)
    done = neither = 0
    async with operator_database(target.database_url("portal")) as database:
        for kind in sealed.KINDS:
            after = None
            while True:
                async with database.transaction() as tx:
                    one = await sealed.reseal_batch(tx, vault, kind, after, batch)
                done, neither, after = done + one.sealed, neither + one.neither, one.last
                if after is None:
                    break
        return done, neither
