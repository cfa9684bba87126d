"""What the tables have in common."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import CheckConstraint, DateTime

from shared.database.rows import Record
from shared.database.tables import new_registry

Moment: Final = DateTime(timezone=True)


def one_of(column: str, values: Iterable[str]) -> CheckConstraint:
    """That the column holds one of the values, or nothing."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


class Base(Record, registry=new_registry()):
    """Base of this service's tables."""
