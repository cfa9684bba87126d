"""Rows as the models of their tables: how one is made of an answer, and what has changed in it since."""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Table, inspect
from sqlmodel import SQLModel

RowT = TypeVar("RowT", bound=SQLModel)

Values = dict[str, Any]
"""Column → value."""


class Record(SQLModel):
    """Base of every table's model: a row is a plain record of its columns.

    No session of SQLAlchemy's follows what happens to a row, so a field is set as that of any object is. Raises
    AttributeError for a name that is no field.
    """

    def __init__(self, **values: Any) -> None:
        """A new row. Raises TypeError for a name that is no field, and when a field without a default is left out."""
        fields = type(self).__pydantic_fields__
        if wrong := (values.keys() - fields.keys()) or (_required(type(self)) - values.keys()):
            raise TypeError(f"{type(self).__name__}: unknown or missing {', '.join(sorted(wrong))}")
        for name in fields.keys() - values.keys():
            values[name] = fields[name].get_default(call_default_factory=True)
        self.__dict__.update(values)

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in type(self).__pydantic_fields__ and not name.startswith("_"):
            raise AttributeError(f"{type(self).__name__} has no field {name}")
        self.__dict__[name] = value


@cache
def _required(model: type[SQLModel]) -> frozenset[str]:
    return frozenset(name for name, field in model.__pydantic_fields__.items() if field.is_required())


def table_of(model: type[SQLModel]) -> Table:
    """The table that a model with `table=True` describes."""
    table: Table = model.__table__  # type: ignore[attr-defined]
    return table


@cache
def columns_of(model: type[SQLModel]) -> tuple[str, ...]:
    """The names of a model's columns, in the order in which a query for the model answers them."""
    return tuple(column.name for column in table_of(model).columns)


def make_row(model: type[RowT], values: Sequence[Any]) -> RowT:
    """A row of `model` with `values` in the order of its columns.

    The model's `__init__` is passed over, as SQLAlchemy's own loading does: what a table holds was checked before.
    """
    row: RowT = inspect(model).class_manager.new_instance()
    row.__dict__.update(zip(columns_of(model), values, strict=True))
    return row


def values_of(row: SQLModel) -> Values:
    """The values of a row's columns now."""
    fields = row.__dict__
    return {name: fields[name] for name in columns_of(type(row))}


def snapshot(values: Values) -> Values:
    """The values as they are now: what is changed later within a list or an object changes nothing in the snapshot."""
    return {name: deepcopy(value) if isinstance(value, dict | list) else value for name, value in values.items()}


def changes(row: SQLModel, known: Mapping[str, Any]) -> Values:
    """The columns whose values are others than `known` ones, with what they are now."""
    now = values_of(row)
    return {name: value for name, value in now.items() if value != known[name]} if now != known else {}


def primary_key(row: SQLModel) -> tuple[Any, ...]:
    """The values of the row's primary key, in the table's order."""
    return tuple(getattr(row, column.name) for column in table_of(type(row)).primary_key)


__all__ = [
    "Record",
    "RowT",
    "Values",
    "changes",
    "columns_of",
    "make_row",
    "primary_key",
    "snapshot",
    "table_of",
    "values_of",
]
