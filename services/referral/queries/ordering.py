"""Orders: by what a list of referrals is sorted, and how a page of it goes on. Every order is that of an index.

A referral without the moment it is sorted by comes last, whichever the direction; what is alike stands in order of ids,
which is that of creation. An index has its empty places at one end only. So what has the moment and what lacks it are
fetched one by one, and so are the boxes of an actor who sees two of them: each has an index that is in the order of the
list, and of each no more rows are read than the page has.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, and_, tuple_, union_all
from sqlmodel import col, false, select
from sqlmodel.sql.expression import SelectOfScalar

from services.referral.tables import Referral, ReferralRow


class Sort(StrEnum):
    """By which moment a list is sorted: the oldest or nearest first, with `-` the other way round."""

    RESPOND_BY = "respond_by"
    RESPOND_BY_DESCENDING = "-respond_by"
    UPDATED_AT = "updated_at"
    UPDATED_AT_DESCENDING = "-updated_at"
    SENT_AT = "sent_at"
    SENT_AT_DESCENDING = "-sent_at"

    @property
    def field(self) -> str:
        """The name of the moment."""
        return self.removeprefix("-")


class Position(NamedTuple):
    """Where a page begins: after the referral `id`, with the moment by which the list is sorted, if it has one."""

    moment: datetime | None
    id: UUID


def position_of(referral: ReferralRow, sort: Sort | None) -> Position:
    """The place of a referral in a list that is sorted so."""
    return Position(getattr(referral, sort.field) if sort else None, referral.id)


def page(
    boxes: Sequence[ColumnElement[bool]],
    wanted: Sequence[ColumnElement[bool]],
    sort: Sort | None,
    after: Position | None,
    limit: int,
) -> SelectOfScalar[Referral]:
    """The first `limit` referrals of the boxes for which `wanted` holds, after a position; newest first unless sorted.

    A list of no box at all is empty.
    """
    parts = [and_(box, *wanted, part) for box in boxes for part in _parts(sort, after)]
    if not parts:
        return select(Referral).where(false())
    in_order = _order(sort)
    if len(parts) == 1:
        return select(Referral).where(parts[0]).order_by(*in_order).limit(limit)
    found = union_all(*(select(Referral.id).where(part).order_by(*in_order).limit(limit) for part in parts)).subquery()
    lacking = [_column(sort).is_(None)] if sort else []
    return select(Referral).where(col(Referral.id).in_(select(found.c.id))).order_by(*lacking, *in_order).limit(limit)


def _order(sort: Sort | None) -> list[ColumnElement[Any]]:
    """As the index has it, from one end or from the other."""
    if sort is None:
        return [col(Referral.id).desc()]
    columns = (_column(sort), col(Referral.id))
    return [column.desc() for column in columns] if _is_descending(sort) else [column.asc() for column in columns]


def _parts(sort: Sort | None, after: Position | None) -> Iterator[ColumnElement[bool]]:
    """What is fetched one by one, in this order: each lies in one piece of an index."""
    referral_id = col(Referral.id)
    if sort is None:
        yield referral_id < after.id if after else and_(True)
        return
    column, backwards = _column(sort), _is_descending(sort)
    if after is None:
        yield column.is_not(None)
    elif after.moment is not None:
        place, here = tuple_(column, referral_id), tuple_(after.moment, after.id)
        yield place < here if backwards else place > here
    if after is None or after.moment is not None:
        yield column.is_(None)
    else:
        yield and_(column.is_(None), referral_id < after.id if backwards else referral_id > after.id)


def _column(sort: Sort) -> ColumnElement[datetime | None]:
    return getattr(Referral, sort.field)  # type: ignore[no-any-return]


def _is_descending(sort: Sort) -> bool:
    return sort.startswith("-")
