"""Making a backup: all databases as of one moment, each dumped, sealed, and told of in the manifest."""

import asyncio
import subprocess
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from luotsi.backup import postgres_tools, sealing
from luotsi.backup.manifest import DatabasePart, Manifest, new_name, path_of, write_manifest
from luotsi.backup.store import BackupStore
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.clock import utc_now
from shared.database.addresses import connect
from shared.database.epochs import EPOCH
from shared.services import service_names

_FACTS: Final = f"""
SELECT pg_export_snapshot() AS snapshot, clock_timestamp() AS taken_at,
       (SELECT version_num FROM alembic_version) AS revision,
       (SELECT max(id) FROM outbox) AS newest_event,
       greatest(({EPOCH.strip()}), (
           SELECT CAST(CAST(payload AS json) ->> 'epoch' AS int) FROM outbox ORDER BY id DESC LIMIT 1
       ), 1) AS epoch
"""  # noqa: S608  our own words
_MASTER_KEYS: Final = "SELECT DISTINCT encode(substring(wrapped for 4), 'hex') FROM client_keys ORDER BY 1"


@dataclass(frozen=True)
class _Snapshot:
    """One database held as of one moment, while others go on writing to it."""

    facts: Any
    master_keys: tuple[str, ...]


async def make(
    target: Target,
    store: BackupStore,
    for_whom: list[Any],
    now: datetime | None = None,
    *,
    services: Sequence[str] = (),
    before_version: str | None = None,
) -> Manifest:
    """Make a backup and return its manifest. PlatformError when it can't be made; then nothing of it is left.

    Of all services, unless some are named. `before_version` is of what the tables become, where it is for an upgrade.
    """
    name = new_name(now or utc_now())
    if store.sizes(f"backups/{name}"):
        raise PlatformError(f"the backup {name} is being made already")
    parts: dict[str, DatabasePart] = {}
    try:
        async with _snapshots(target, services or service_names()) as snapshots:
            for service, snapshot in snapshots.items():
                file = f"{service}.dump.age"
                dumped = await asyncio.to_thread(
                    _dump, target.owner_url(service), snapshot, store, path_of(name, file), for_whom
                )
                parts[service] = DatabasePart(
                    file=file,
                    bytes=dumped.bytes,
                    sha256=dumped.sha256,
                    taken_at=snapshot.facts["taken_at"],
                    newest_event=snapshot.facts["newest_event"],
                    epoch=snapshot.facts["epoch"],
                    schema_revision=snapshot.facts["revision"],
                    master_keys=snapshot.master_keys,
                )
        manifest = Manifest(name=name, before_version=before_version, databases=parts)
        write_manifest(store, manifest)
    except BaseException:
        store.delete(*store.sizes(f"backups/{name}"))
        raise
    return manifest


@asynccontextmanager
async def _snapshots(target: Target, services: Sequence[str]) -> AsyncIterator[dict[str, _Snapshot]]:
    """A snapshot of each database, all taken at once: they differ by milliseconds, and events fill those."""
    async with AsyncExitStack() as cleanup:
        connections = {}
        for service in services:
            connections[service] = await _connected(target.owner_url(service), service)
            cleanup.push_async_callback(connections[service].close)
        begun = await asyncio.gather(*(_begin(service, each) for service, each in connections.items()))
        yield dict(zip(connections, begun, strict=True))


async def _connected(url: str, service: str) -> Any:
    try:
        return await connect(url, timeout=10, server_settings={"idle_in_transaction_session_timeout": "0"})
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        reason = str(error) or type(error).__name__
        raise PlatformError(f"the database {service} does not answer: {reason}") from None


async def _begin(service: str, connection: Any) -> _Snapshot:
    await connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        facts = await connection.fetchrow(_FACTS)
    except asyncpg.UndefinedTableError:
        raise PlatformError(f"the database {service} is empty: there is nothing to back up yet") from None
    keys = await connection.fetch(_MASTER_KEYS) if service == "referral" else []
    return _Snapshot(facts, tuple(key[0] for key in keys))


def _dump(url: str, snapshot: _Snapshot, store: BackupStore, path: str, for_whom: list[Any]) -> sealing.Digest:
    """Dump one database into a sealed file of the target. What lies on a disk meanwhile is sealed as well."""
    options = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={snapshot.facts['snapshot']}")
    with tempfile.TemporaryDirectory(prefix="luotsi-backup-") as folder, tempfile.TemporaryFile() as said:
        draft = Path(folder) / "sealed"
        dump = postgres_tools.start("pg_dump", *options, url=url, stdout=subprocess.PIPE, stderr=said)
        assert dump.stdout is not None
        try:
            with dump.stdout, draft.open("wb") as sealed:
                digest = sealing.seal(dump.stdout, sealed, for_whom)
            if dump.wait() != 0:
                raise PlatformError(f"pg_dump ended with an error: {postgres_tools.complaint(said)}")
        except OSError as error:  # such as of the last piece, which is written when the file is closed
            raise sealing.unwritten(error) from None
        finally:
            dump.kill()
            dump.wait()
        store.put(path, draft)
    return digest
