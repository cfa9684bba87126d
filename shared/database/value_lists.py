"""Lists of values as a table of a query, to join with and to update from."""

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, TableValuedAlias, func
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import TypeEngine


def value_lists(name: str, columns: Mapping[str, tuple[TypeEngine[Any], Iterable[Any]]]) -> TableValuedAlias:
    """A table `name` of lists that are equally long, side by side: column → the type of its values, and these."""
    arrays: list[ColumnElement[Any]] = [sa.literal(list(values), ARRAY(kind)) for kind, values in columns.values()]
    named = [sa.column(column, kind) for column, (kind, _) in columns.items()]
    return func.unnest(*arrays).table_valued(*named).render_derived(name=name)


__all__ = ["value_lists"]
