"""What a restore needs, looked at before anything is written: backup, keys, databases, who works in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import asyncpg
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from luotsi.backup.manifest import Manifest
from luotsi.backup.store import BackupStore
from luotsi.backup.verifying import verify_file, verify_readable, verify_whole
from luotsi.platform.process import PlatformError
from luotsi.platform.referral_work import vault
from luotsi.platform.target import Target
from shared.database.addresses import connect, role_in
from shared.database.migrations import alembic_config
from shared.services import service_names

_TABLES: Final = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'"
_OTHERS: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND usename = $1 AND pid <> pg_backend_pid()
"""


@dataclass(frozen=True)
class Plan:
    """A restore of `services` that may go ahead. `keys` open the backup; `whole` says whether all is restored."""

    target: Target
    store: BackupStore
    manifest: Manifest
    keys: Sequence[Any]
    services: tuple[str, ...]

    @property
    def whole(self) -> bool:
        """Whether every database is restored."""
        return set(self.services) == set(service_names())


async def check(plan: Plan, *, replace: bool) -> None:
    """Raises PlatformError, which says what to do, where the restore could not be carried through.

    `replace` allows databases that hold something: it goes.
    """
    _check_backup(plan)
    found = {service: await _look_at(plan.target, service) for service in plan.services}
    if busy := [service for service, (_, at_work) in found.items() if at_work]:
        raise PlatformError(
            "; ".join(f"{each} is at work in its database: stop {each}-web and {each}-worker first" for each in busy)
            + ". Where a pooler stands between, wait until it has let go of their connections"
        )
    for service, (tables, _) in found.items():
        if tables and not replace:
            raise PlatformError(
                f"the database {service} is not empty: --replace throws away what is in it; else name another database"
            )


def _check_backup(plan: Plan) -> None:
    if plan.whole:
        verify_whole(plan.store, plan.manifest)
    for service in plan.services:
        part = plan.manifest.databases.get(service)
        if part is None:
            raise PlatformError(f"the backup {plan.manifest.name} has no database {service}: take another one")
        if not plan.whole:
            verify_file(plan.store, plan.manifest, service)
        _check_schema(service, part.schema_revision)
        if part.master_keys:
            _check_master_key(plan.target, part.master_keys)
    for service in plan.services:
        verify_readable(plan.store, plan.manifest, service, plan.keys)


def _check_schema(service: str, revision: str) -> None:
    scripts = ScriptDirectory.from_config(alembic_config(service, ""))
    try:
        known = scripts.get_revision(revision)
    except CommandError:
        known = None
    if known is None:
        raise PlatformError(
            f"the backup of {service} was made by a newer version of Luotsi (its tables are at {revision}): "
            "install that version, then restore"
        )


def _check_master_key(target: Target, master_keys: Sequence[str]) -> None:
    known = {key.hex() for key in vault(target).master_ids}
    if unknown := set(master_keys) - known:
        raise PlatformError(
            f"MASTER_KEY opens no client of this backup (it was closed under {', '.join(sorted(unknown))}): take the "
            "keys of then (`luotsi restore keys FILE`), and the former one as MASTER_KEY_PREVIOUS where there are two"
        )


async def _look_at(target: Target, service: str) -> tuple[int, int]:
    """How many tables the database has, and how many connections of the service's processes."""
    try:
        connection = await connect(target.owner_url(service), timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise PlatformError(f"the database {service} does not answer: {reason}") from None
    try:
        tables = await connection.fetchval(_TABLES)
        role = role_in(target.database_url(service))
        at_work = 0 if role == role_in(target.owner_url(service)) else await connection.fetchval(_OTHERS, role)
    finally:
        await connection.close()
    return tables, at_work
