"""Two schemas of one database, and what the second has taken from somebody who works by the first."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

_COLUMNS: Final = """
SELECT c.relname || '.' || a.attname AS name, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull AS required,
       a.atthasdef OR a.attidentity <> '' OR a.attgenerated <> '' AS filled
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
"""
# A primary key's own NOT NULL is that of its columns.
_RULES: Final = """
SELECT c.relname || '.' || r.conname AS name, pg_get_constraintdef(r.oid) AS text
FROM pg_constraint r JOIN pg_class c ON c.oid = r.conrelid
WHERE c.relnamespace = 'public'::regnamespace AND r.contype IN ('c', 'f', 'u', 'p', 'x')
UNION ALL
SELECT t.relname || '.' || i.relname, pg_get_indexdef(i.oid)
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid
WHERE t.relnamespace = 'public'::regnamespace AND x.indisunique
  AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = i.oid)
"""
_RIGHTS: Final = """
SELECT c.relname || '.' || a.attname || ': ' || r.name AS name
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid, unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS r(name)
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
  AND has_column_privilege($1, c.oid, a.attnum, r.name)
UNION ALL
SELECT c.relname || ': DELETE' FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND has_table_privilege($1, c.oid, 'DELETE')
"""


@dataclass(frozen=True)
class Column:
    """What a column takes. `filled`: it gets a value from the database where a row names none."""

    type: str
    required: bool
    filled: bool


@dataclass(frozen=True)
class Schema:
    """Columns, rules that refuse rows, and what the service's role may do, each by `table.name`."""

    columns: dict[str, Column]
    rules: dict[str, str]
    rights: frozenset[str]

    @property
    def tables(self) -> set[str]:
        """The names of its tables."""
        return {name.partition(".")[0] for name in self.columns}


async def read_schema(connection: Any, role: str) -> Schema:
    """The schema of the database that asyncpg's `connection` leads to, for the role that works in it."""
    columns = {
        row["name"]: Column(row["type"], row["required"], row["filled"]) for row in await connection.fetch(_COLUMNS)
    }
    rules = {row["name"]: row["text"] for row in await connection.fetch(_RULES)}
    return Schema(columns, rules, frozenset(row["name"] for row in await connection.fetch(_RIGHTS, role)))


def taken_away(former: Schema, new: Schema) -> dict[str, str]:
    """`table.name` → what processes that know the former schema would run into. Nothing, where it only gained."""
    return dict((*_columns(former, new), *_rules(former, new), *_rights(former, new)))


def _columns(former: Schema, new: Schema) -> Iterator[tuple[str, str]]:
    for name, column in former.columns.items():
        now = new.columns.get(name)
        if now is None:
            yield name, "is gone, or has another name"
        elif now.type != column.type:
            yield name, f"was {column.type}, and is {now.type}"
        elif now.required and not column.required:
            yield name, "may not be empty any more"
        elif column.filled and not now.filled and now.required:
            yield name, "has lost its default"
    for name in new.columns.keys() - former.columns.keys():
        if name.partition(".")[0] in former.tables and new.columns[name].required and not new.columns[name].filled:
            yield name, "is new, has to be given, and has no default"


def _rules(former: Schema, new: Schema) -> Iterator[tuple[str, str]]:
    """A rule that is gone refuses nothing any more; a new one may refuse what the former version writes."""
    before = {(name.partition(".")[0], text) for name, text in former.rules.items()}
    for name, text in new.rules.items():
        table = name.partition(".")[0]
        if table in former.tables and (table, text) not in before:
            yield name, f"is a new rule on what rows may be: {text}"


def _rights(former: Schema, new: Schema) -> Iterator[tuple[str, str]]:
    for right in former.rights - new.rights:
        name = right.partition(":")[0]
        if name in new.columns or name in new.tables:
            yield name, f"the service's role may no longer {right.rpartition(' ')[2]}"
