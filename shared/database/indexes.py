"""Indexes on tables that are in use: built by migrations while everybody goes on reading and writing."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from alembic import op


def build_index(name: str, table: str, columns: Sequence[str | sa.TextClause], **options: Any) -> None:
    """Build an index without locking writers out; `options` are those of Alembic's `create_index`.

    It takes as long as every transaction that began before it, and what the migration did so far is committed. So a
    migration that builds indexes does nothing else. One that is broken off leaves an index that nothing reads and every
    writer keeps up: the next run drops it and builds it again. What was built is left as it is.
    """
    with op.get_context().autocommit_block():
        if _is_broken_off(name):
            op.drop_index(name, table, postgresql_concurrently=True)
        op.create_index(name, table, list(columns), postgresql_concurrently=True, if_not_exists=True, **options)


def _is_broken_off(name: str) -> bool:
    unfinished = "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(:name) AND NOT indisvalid)"
    return bool(op.get_bind().scalar(sa.text(unfinished), {"name": name}))
