"""Whether the keys given are those that the clients' data was closed with."""

from typing import Final

from sqlalchemy import LargeBinary, bindparam, func
from sqlmodel import col, select

from services.referral.tables import ClientKey
from services.referral.vault import Unreadable, Vault
from shared.database.reader import Reader

_ONE: Final = select(ClientKey).limit(1)
_ONE_OF_OURS: Final = _ONE.where(
    func.substring(col(ClientKey.wrapped), 1, 4).in_(bindparam("masters", type_=LargeBinary, expanding=True))
)

OPENS_NOTHING: Final = (
    "MASTER_KEY opens the key of no client in this database: it is not the one that their data was closed with. "
    "Take the MASTER_KEY that it was from your copy of .env (with `luotsi up`: of secrets.json); while keys are being "
    "changed, as MASTER_KEY_PREVIOUS"
)


async def opens_some(db: Reader, vault: Vault) -> bool:
    """Whether the vault opens some client's key, or there is none. A look at two rows, in most cases at one."""
    any_key = await db.first(_ONE)
    if any_key is None or _opens(vault, any_key):
        return True
    own = await db.first(_ONE_OF_OURS, {"masters": vault.master_ids})
    return own is not None and _opens(vault, own)


def _opens(vault: Vault, key: ClientKey) -> bool:
    try:
        vault.unwrap(key.client_id, key.wrapped)
    except Unreadable:
        return False
    return True
