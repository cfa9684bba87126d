"""What all reads share: one row or a page of them, the order of names, and which key is an id."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Uuid, any_, func, literal
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import SQLModel, col, select
from sqlmodel.sql.expression import SelectOfScalar

from services.catalog.tables import Texts
from shared.database.transaction import Transaction

RowT = TypeVar("RowT", bound=SQLModel)


WantedT = TypeVar("WantedT", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class PageWanted:
    """A count page: `number` from 1, `size` rows."""

    number: int
    size: int


async def one_row(tx: Transaction, wanted: SelectOfScalar[RowT], *, lock: bool) -> RowT | None:
    """The first row of a query; with `lock` nobody else changes it until the transaction ends, as `Reader.get` says."""
    return await tx.first(wanted.with_for_update(key_share=True) if lock else wanted)


async def count(tx: Transaction, wanted: Select[*tuple[Any, ...]]) -> int:
    """How many rows a query would find."""
    counted = select(func.count()).select_from(wanted.order_by(None).subquery())
    found: int = (await tx.execute(counted)).scalar_one()
    return found


def one_page(wanted: WantedT, page: PageWanted) -> WantedT:
    """The query narrowed to the rows of one page."""
    return wanted.offset((page.number - 1) * page.size).limit(page.size)


def among(key: UUID, ids: Sequence[UUID]) -> ColumnElement[bool]:
    """That a key (a column of a table) is one of `ids`: the same statement however many there are."""
    return col(key) == any_(literal(list(ids), ARRAY(Uuid)))


def by_name(keys: Texts, language: str) -> ColumnElement[str]:
    """What to order by: the name as it is shown in `language`, by its sort key (`sort_keys` of a table)."""
    key: ColumnElement[str] = cast("ColumnElement[Any]", col(keys))[language].astext
    return key.collate("C")


def as_uuid(key: str) -> UUID | None:
    """The id that `key` is; None when it is something else."""
    try:
        return UUID(key)
    except ValueError:
        return None
