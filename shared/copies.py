"""Copies of another service's facts: a copy is simply overwritten by a higher (epoch, sequence)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import BigInteger, Integer, tuple_
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession


class Copied(SQLModel):
    """The two columns that every copy carries: which state of the original it is."""

    epoch: int = Field(sa_type=Integer)
    sequence: int = Field(sa_type=BigInteger)


async def overwrite_if_newer(session: AsyncSession, table: type[Copied], values: Mapping[str, Any]) -> bool:
    """Insert a row, or overwrite the one with the same `id` when (epoch, sequence) is higher.

    Returns whether the copy changed: an older or equal state leaves it as it is, so that
    reordered and redelivered events do no harm.
    """
    columns: Any = table.__table__.c  # type: ignore[attr-defined]
    statement = insert(table).values(**values)
    new = statement.excluded
    statement = statement.on_conflict_do_update(
        index_elements=[columns.id],
        set_={name: new[name] for name in values if name != "id"},
        where=tuple_(new.epoch, new.sequence) > tuple_(columns.epoch, columns.sequence),
    ).returning(columns.id)  # type: ignore[assignment]
    return (await session.execute(statement)).first() is not None
