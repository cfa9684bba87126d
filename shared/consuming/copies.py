"""Copies of another service's facts: overwritten by a higher (epoch, sequence), or a row for each state."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any
from uuid import UUID

from pydantic_core import to_json
from sqlalchemy import BigInteger, Integer, TextClause, text
from sqlmodel import Field

from shared.database.rows import Record
from shared.database.transaction import Transaction


class Copied(Record):
    """The two columns that every copy carries: which state of the original it is."""

    epoch: int = Field(sa_type=Integer)
    sequence: int = Field(sa_type=BigInteger)


async def overwrite_if_newer(tx: Transaction, table: type[Copied], state: dict[str, Any]) -> bool:
    """`overwrite_all_if_newer` for one state; returns whether the copy changed."""
    return bool(await overwrite_all_if_newer(tx, table, [state]))


async def overwrite_all_if_newer(tx: Transaction, table: type[Copied], states: Iterable[dict[str, Any]]) -> set[UUID]:
    """Insert rows, or overwrite those with the same `id` where (epoch, sequence) is higher: one statement for all.

    Each state names the same columns, `id`, `epoch` and `sequence` among them. Returns the ids of the copies that
    changed: an older or equal state leaves a copy as it is, so that reordered and redelivered events do no harm.
    Of several states of one `id` only the newest can make a difference.
    """
    newest: dict[Any, dict[str, Any]] = {}
    for state in states:
        known = newest.setdefault(state["id"], state)
        if (state["epoch"], state["sequence"]) > (known["epoch"], known["sequence"]):
            newest[state["id"]] = state
    if not newest:
        return set()
    # By id, so that two workers with the same rows never wait for each other in a circle.
    rows = [newest[row_id] for row_id in sorted(newest, key=str)]
    statement = _overwrite(str(table.__tablename__), tuple(rows[0]))
    return set((await tx.execute(statement, {"rows": to_json(rows).decode()})).scalars())


async def add_states(tx: Transaction, table: type[Record], states: Sequence[dict[str, Any]]) -> None:
    """Insert states as rows that nobody changes afterwards; what is there already is left as it is.

    `table` has `id`, `epoch` and `sequence` as its key, and each state names the same columns, these among them.
    """
    if states:
        await tx.execute(_add(str(table.__tablename__), tuple(states[0])), {"rows": to_json(states).decode()})


@cache
def _add(table: str, columns: Sequence[str]) -> TextClause:
    """Names come from models, as below."""
    names = ", ".join(columns)
    rows = f"json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json))"
    return text(f"INSERT INTO {table} ({names}) SELECT {names} FROM {rows} ON CONFLICT DO NOTHING")  # noqa: S608


@cache
def _overwrite(table: str, columns: Sequence[str]) -> TextClause:
    """Names come from models, never from outside. The server reads JSON into the columns' own types."""
    names = ", ".join(columns)
    changes = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "id")
    rows = f"json_populate_recordset(CAST(NULL AS {table}), CAST(:rows AS json))"
    return text(
        f"INSERT INTO {table} AS known ({names}) SELECT {names} FROM {rows} "  # noqa: S608
        f"ON CONFLICT (id) DO UPDATE SET {changes} "
        "WHERE (excluded.epoch, excluded.sequence) > (known.epoch, known.sequence) RETURNING id"
    )
