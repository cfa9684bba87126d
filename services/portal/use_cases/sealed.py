"""What is sealed with PORTAL_KEY, row by row: where it opens, by which key, and sealing it anew by another one."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, or_
from sqlalchemy.orm import Mapped
from sqlmodel import col, select

from services.portal.tables import Attempt, Authenticator, Person, Provider, RecoveryCode
from services.portal.tables.base import Base
from services.portal.vault import AccountVault
from shared.database.reader import Reader
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class Kind:
    """A kind of sealed value: in which table, and in which columns are the row's id and what is sealed."""

    table: type[Base]
    name: str
    id: str
    sealed: str

    def column(self, name: str) -> Mapped[Any]:
        """A column of the table."""
        return col(getattr(self.table, name))

    def place(self, row_id: UUID) -> str:
        """Where it opens: in its own row alone."""
        return f"{self.name}:{row_id}"


PROVIDER_SECRET: Final = Kind(Provider, "provider", "organization_id", "sealed_secret")
APP_SECRET: Final = Kind(Authenticator, "authenticator", "person_id", "sealed_secret")
CODE_KEY: Final = Kind(Person, "code key", "id", "sealed_code_key")
STEP: Final = Kind(Attempt, "attempt", "id", "sealed")

LASTING: Final = (PROVIDER_SECRET, APP_SECRET, CODE_KEY)
"""What stays, and would be lost with its key; steps of signing in are over after minutes"""
KINDS: Final = (*LASTING, STEP)

OPENS_NOTHING: Final = (
    "PORTAL_KEY opens nothing of what is sealed in this database: it is not the one that people's second factors were "
    "sealed with. Take the PORTAL_KEY that it was from your copy of .env (with `luotsi up`: of secrets.json); while "
    "keys are being changed, as PORTAL_KEY_PREVIOUS"
)

_PORTION: Final = 500


@dataclass(frozen=True)
class Standing:
    """How many sealed values the present key opens, how many the former one alone, and how many neither."""

    present: int
    former: int
    neither: int


@dataclass(frozen=True)
class Batch:
    """What was done in a batch: values sealed anew, and what no key opens. `last`: its last row, None at the end."""

    sealed: int
    neither: int
    last: UUID | None


async def opens_some(reader: Reader, vault: AccountVault) -> bool:
    """Whether the vault opens something of what is there, or nothing is. It looks on until something opens."""
    found = False
    for kind in LASTING:
        async for row_id, sealed in _values(reader, kind):
            if vault.age_of(sealed, kind.place(row_id)) is not None:
                return True
            found = True
    return not found


async def standing(reader: Reader, vault: AccountVault) -> Standing:
    """How far a change of PORTAL_KEY has come. Recovery codes that it keys itself count as the oldest key's."""
    counted: dict[str | None, int] = {"present": 0, "former": 0, None: 0}
    for kind in KINDS:
        async for row_id, sealed in _values(reader, kind):
            counted[vault.age_of(sealed, kind.place(row_id))] += 1
    without = select(Person.id).where(col(Person.sealed_code_key).is_(None), _has_codes())
    counted["former" if vault.is_changing else "present"] += len(await reader.all(without))
    return Standing(counted["present"], counted["former"], counted[None])


async def reseal_batch(tx: Transaction, vault: AccountVault, kind: Kind, after: UUID | None, size: int) -> Batch:
    """Seal up to `size` values of a kind anew, those after a given row. What the present key opens stays.

    Each row is locked, so that a sign-in meanwhile waits. What no key opens stays too: its person is let in anew.
    """
    wanted = kind.column(kind.sealed).is_not(None)
    query = select(kind.table).where(or_(wanted, _has_codes()) if kind is CODE_KEY else wanted)
    if after is not None:
        query = query.where(kind.column(kind.id) > after)
    rows = await tx.all(query.order_by(kind.column(kind.id)).limit(size).with_for_update())
    sealed = neither = 0
    for row in rows:
        value, place = getattr(row, kind.sealed), kind.place(getattr(row, kind.id))
        age = "former" if value is None else vault.age_of(value, place)
        if age is None:
            neither += 1
        elif age == "former":
            opened = vault.digest_keys[-1].hex() if value is None else vault.open(value, place)
            setattr(row, kind.sealed, vault.seal(opened, place))
            tx.update(row)
            sealed += 1
    return Batch(sealed, neither, getattr(rows[-1], kind.id) if len(rows) == size else None)


def _has_codes() -> ColumnElement[bool]:
    return select(RecoveryCode.person_id).where(col(RecoveryCode.person_id) == col(Person.id)).exists()


async def _values(reader: Reader, kind: Kind) -> AsyncIterator[tuple[UUID, bytes]]:
    """Row by row what is sealed of a kind."""
    row_id, sealed = kind.column(kind.id), kind.column(kind.sealed)
    after: UUID | None = None
    while True:
        query = select(row_id, sealed).where(sealed.is_not(None)).order_by(row_id).limit(_PORTION)
        rows = await reader.tuples(query if after is None else query.where(row_id > after))
        for each in rows:
            yield each
        if len(rows) < _PORTION:
            return
        after = rows[-1][0]
