"""What a seal says of one day of the log of disclosures, computed where the rows are: none of them is fetched."""

from datetime import date
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, DateTime, Select, Text, Uuid, cast, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by

from services.referral.domain import seals as sealing
from services.referral.tables import Disclosure
from shared.database.rows import table_of
from shared.database.transaction import Transaction

_LOG: Final = table_of(Disclosure)
_UTC: Final = 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"'


async def content_of(tx: Transaction, day: date) -> sealing.Digest:
    """The digest of a day's rows, in the order of their ids."""
    count, first, last, digest = (await tx.execute(describing(day))).one()
    return sealing.Digest(count, first, last, digest)


def describing(day: date) -> Select[Any]:
    """The statement: how many rows the day has, its first and last id, and SHA-256 over a line of JSON for each."""
    begin, end = sealing.bounds(day)
    ids = func.array_agg(aggregate_order_by(_LOG.c.id, _LOG.c.id), type_=ARRAY(Uuid))
    lines = func.string_agg(_line(), aggregate_order_by(literal(""), _LOG.c.id))
    digest = func.sha256(func.convert_to(func.coalesce(lines, ""), "UTF8"))
    return select(func.count(), ids[1], ids[func.count()], digest).where(_LOG.c.at >= begin, _LOG.c.at < end)


def _line() -> ColumnElement[str]:
    """A row as it was always sealed: columns in order of their names, no blanks, moments in UTC, and a line feed."""
    columns = sorted(_LOG.columns, key=lambda column: column.name)
    names = ",".join(f'"{column.name}":%s' for column in columns)
    return func.format(literal(f"{{{names}}}\n"), *map(_json, columns))


def _json(column: Column[Any]) -> ColumnElement[str]:
    is_moment = isinstance(column.type, DateTime)
    value = func.to_char(func.timezone("UTC", column), _UTC) if is_moment else column
    return func.coalesce(cast(func.to_json(value), Text), "null")
