"""Emptying a database between tests, quickly."""

from sqlalchemy import text

from shared.database.transaction import Transaction

_TABLES = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema AND tablename <> 'alembic_version'")
_COUNT_ANEW = text(
    "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, 1, false) FROM pg_sequences "
    "WHERE schemaname = :schema AND last_value IS NOT NULL"
)


async def delete_all(tx: Transaction, schema: str = "public") -> None:
    """Remove every row in the schema, and let every sequence begin at 1 again.

    One statement deletes in all tables, for foreign keys are looked at when it ends. Few rows go so fifty times quicker
    than by TRUNCATE, which gives every table and index a new file.
    """
    names = (await tx.execute(_TABLES, {"schema": schema})).scalars()
    parts = ", ".join(f'd{number} AS (DELETE FROM {schema}."{name}")' for number, name in enumerate(names))
    await tx.execute(text(f"WITH {parts} SELECT"))
    await tx.execute(_COUNT_ANEW, {"schema": schema})
