"""People: found by their address, and what they have to sign in with."""

import os
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, update
from sqlmodel import col, select

from services.portal.tables import Authenticator, Passkey, Person, RecoveryCode
from shared.database.transaction import Transaction
from shared.values.email_addresses import same_address

_HANDLE_BYTES: Final = 32


@dataclass(frozen=True)
class Factors:
    """What a person has besides the mail: an authenticator app, passkeys, recovery codes that were not used."""

    app: bool
    passkeys: int
    recovery_codes: int

    @property
    def any(self) -> bool:
        """Whether a mail alone does not let the person in any more."""
        return self.app or self.passkeys > 0


async def person_of(tx: Transaction, address: str, now: datetime) -> Person:
    """The person who reads the mail to an address, from now on if not before."""
    known = same_address(address)
    await tx.insert_if_new(Person(address=known, user_handle=os.urandom(_HANDLE_BYTES), created_at=now))
    [person] = await tx.all(select(Person).where(Person.address == known))
    return person


async def known_person(tx: Transaction, address: str) -> Person | None:
    """The person of an address, if there is one yet."""
    return await tx.first(select(Person).where(Person.address == same_address(address)))


async def factors_of(tx: Transaction, person_id: UUID) -> Factors:
    """What the person has to sign in with."""
    app = select(func.count()).where(
        col(Authenticator.person_id) == person_id, col(Authenticator.confirmed_at).is_not(None)
    )
    keys = select(func.count()).where(col(Passkey.person_id) == person_id)
    codes = select(func.count()).where(col(RecoveryCode.person_id) == person_id, col(RecoveryCode.used_at).is_(None))
    query = select(app.scalar_subquery(), keys.scalar_subquery(), codes.scalar_subquery())
    [(apps, passkeys, recovery_codes)] = await tx.tuples(query)
    return Factors(apps > 0, passkeys, recovery_codes)


async def take_all_factors(tx: Transaction, person_id: UUID) -> None:
    """Take away everything that a person has besides the mail."""
    for table in (Authenticator, Passkey, RecoveryCode):
        await tx.execute(delete(table).where(col(table.person_id) == person_id))
    await tx.execute(update(Person).where(col(Person.id) == person_id).values(sealed_code_key=None))
