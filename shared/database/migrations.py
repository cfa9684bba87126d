"""Migrations: Alembic for each service's own database."""

import asyncio
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command, context
from alembic.config import Config

from shared.database.engines import create_engine
from shared.version import RUNS_WITH, VERSION

_ROOT = Path(__file__).resolve().parents[2]

_UNHURRIED = {"server_settings": {"statement_timeout": "0", "lock_timeout": "0"}}
"""An index of a large table is built for minutes, whatever the server allows others."""


def alembic_config(service: str, database_url: str) -> Config:
    """Alembic's settings for the database of `service` at `database_url` (postgresql://…)."""
    config = Config()
    config.set_main_option("script_location", str(_ROOT / "services" / service / "migrations"))
    config.attributes["database_url"] = database_url
    return config


@dataclass(frozen=True)
class Step:
    """A migration that was run: its number, what it says of itself, and how long it took."""

    revision: str
    about: str
    seconds: float


def revisions(service: str) -> list[str]:
    """The migrations of a service that this version knows, oldest first; files are named by them."""
    folder = _ROOT / "services" / service / "migrations" / "versions"
    return sorted(path.name.partition("_")[0] for path in folder.glob("[0-9]*_*.py"))


def upgrade(service: str, owner_url: str, role: str | None = None) -> list[Step]:
    """Bring the database of `service` to the newest schema; returns what was run. Running it again changes nothing.

    It takes the role that owns the database. `role`, by default named like the service, is the one that
    the service's processes work as; it gets its rights here, and may be the owner itself.
    """
    config = alembic_config(service, owner_url)
    config.attributes["role"] = role or service
    steps: list[Step] = []
    config.attributes["steps"] = steps
    command.upgrade(config, "head")
    return steps


def run_environment(append_only: Iterable[str] = (), changeable: Mapping[str, Iterable[str]] | None = None) -> None:
    """What each service's `migrations/env.py` does: migrate under a lock, each step in a transaction of its own.

    `append_only` are tables of which the service's own role may never change or remove a row. Of the tables in
    `changeable` it may change these columns alone, and remove no row.
    """
    url = context.config.attributes["database_url"]

    def migrate(connection: sa.Connection) -> None:
        _wait_for_other_migrators(connection)
        context.configure(
            connection=connection,
            on_version_apply=_note_steps(context.config.attributes.get("steps")),
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        columns = {**dict.fromkeys(append_only, ()), **(changeable or {})}
        grant_rights(connection, context.config.attributes["role"], columns)
        connection.execute(sa.text(f"COMMENT ON TABLE alembic_version IS '{told(VERSION, RUNS_WITH)}'"))
        connection.commit()

    async def main() -> None:
        engine = create_engine(url, _UNHURRIED, poolclass=sa.NullPool)
        try:
            async with engine.connect() as connection:
                await connection.run_sync(migrate)
        finally:
            await engine.dispose()

    asyncio.run(main())


def _wait_for_other_migrators(connection: sa.Connection) -> None:
    """Of two migrate jobs at once the second waits here, and then finds nothing left to do.

    The lock is the connection's, for an index that is built while others write waits for every transaction that is
    open. Whoever waited for the lock within a statement would be one of those: then each waits for the other.
    """
    while not connection.scalar(sa.text("SELECT pg_try_advisory_lock(7205759403792794)")):
        connection.rollback()
        time.sleep(0.5)
    connection.commit()


def told(version: str, runs_with: str) -> str:
    """What stands in the comment of `alembic_version`, for an older version that is started on these tables."""
    return f"of luotsi {version}, runs with {runs_with}"


def _note_steps(steps: list[Step] | None) -> Any:
    since = time.monotonic()

    def note(*, step: Any, **_: object) -> None:
        nonlocal since
        now = time.monotonic()
        if steps is not None:
            about = (step.up_revision.doc or "").rstrip(".")
            steps.append(Step(step.up_revision_id, about, now - since))
        since = now

    return note


def grant_rights(connection: sa.Connection, role: str, changeable: Mapping[str, Iterable[str]]) -> None:
    """Give `role` the rights to every table that its service works with, and no others.

    Of the tables in `changeable` it may read and add rows, and change these columns.

    Said anew after each migration, so that a new table is never forgotten and a right once given can be taken back.
    Nothing is done where one role does everything: an owner cannot be kept from its own tables.
    """
    if role == connection.scalar(sa.text("SELECT current_user")):
        return
    quote = connection.dialect.identifier_preparer.quote
    for table in connection.scalars(sa.text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")).all():
        rights = "SELECT, INSERT, UPDATE, DELETE"
        if table == "alembic_version":
            rights = "SELECT"
        elif table in changeable:
            there = {column["name"] for column in sa.inspect(connection).get_columns(table)}  # fewer in an older schema
            columns = ", ".join(quote(name) for name in changeable[table] if name in there)
            rights = "SELECT, INSERT" + (f", UPDATE ({columns})" if columns else "")
        connection.execute(sa.text(f"REVOKE ALL ON {quote(table)} FROM {quote(role)}"))
        connection.execute(sa.text(f"GRANT {rights} ON {quote(table)} TO {quote(role)}"))
