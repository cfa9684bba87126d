"""A rehearsal: the migrations of this version, run on a copy of the databases that is thrown away."""

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import asyncpg

from luotsi.backup import sealing
from luotsi.backup.making import make
from luotsi.backup.manifest import Manifest
from luotsi.backup.settings import BackupSettings
from luotsi.backup.store import BackupStore, open_store
from luotsi.platform.data_dir import private_files, temporary_data
from luotsi.platform.migrating import migrate
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from luotsi.restore.databases import put
from luotsi.restore.plan import Plan
from luotsi.upgrade.backup_first import standings
from shared.database.addresses import connect, database_in, role_in
from shared.services import service_names

ADMIN: Final = "ADMIN_DATABASE_URL"
_ALONE: Final = "SELECT pg_try_advisory_lock(7205759403792796)"
"""Held on one connection for as long as a rehearsal takes: the server gives it back also where that was killed"""
Say = Callable[[str], None]


@dataclass(frozen=True)
class Source:
    """What is rehearsed on: a backup, and the keys that open it."""

    store: BackupStore
    manifest: Manifest
    keys: Sequence[Any]


@contextmanager
def running_databases(target: Target) -> Iterator[Source]:
    """The databases as they are now: a backup for nobody else, gone at the end."""
    there = [each.service for each in asyncio.run(standings(target, service_names())) if each.at is not None]
    if not there:
        raise PlatformError("the databases are empty: there is nothing to rehearse on")
    with tempfile.TemporaryDirectory(prefix="luotsi-rehearsal-") as folder, private_files():
        secret, _ = sealing.new_identity()
        kept = Path(folder) / "identity"
        kept.write_text(secret, encoding="utf-8")
        keys = sealing.identities(kept)
        store = open_store(BackupSettings(backup_target=folder))
        yield Source(store, asyncio.run(make(target, store, [key.to_public() for key in keys], services=there)), keys)


def rehearse(target: Target, source: Source, say: Say) -> None:
    """Restore the source into throw-away databases, migrate them, and say what was done and how long it took.

    PlatformError where a step fails; whatever was made is gone afterwards. The platform goes on meanwhile.
    """
    begun = time.monotonic()
    with throw_away_databases(target) as copy:
        for service in service_names():
            _rehearse(Plan(copy, source.store, source.manifest, source.keys, (service,)), service, say)
    seconds = time.monotonic() - begun
    say(f"rehearsed on {source.manifest.name} in {seconds:.1f} s; the copy is gone, nothing else was touched")


def _rehearse(plan: Plan, service: str, say: Say) -> None:
    part = plan.manifest.databases.get(service)
    if part is None:
        say(f"{service}: not in the backup, so it begins empty")
    else:
        begun = time.monotonic()
        put(plan, service)
        seconds = time.monotonic() - begun
        say(f"{service}: restored ({part.bytes} bytes) in {seconds:.2f} s, tables at {part.schema_revision}")
    try:
        steps = migrate(plan.target, service)
    except PlatformError:
        raise
    except Exception as error:  # of any migration, which may do anything
        first = str(error).partition("\n")[0]
        raise PlatformError(f"{service}: a migration failed on the copy: {type(error).__name__}: {first}") from error
    for step in steps:
        say(f"{service}: {step.revision} {step.about}: {step.seconds:.2f} s")
    if not steps:
        say(f"{service}: nothing to change")


@contextmanager
def throw_away_databases(target: Target) -> Iterator[Target]:
    """Databases that nobody else uses: on the server itself by ADMIN_DATABASE_URL, else on a server of their own."""
    if admin := target.environment.get(ADMIN):
        urls = {service: _renamed(target.database_url(service), service) for service in service_names()}
        owners = {service: _renamed(target.owner_url(service), service) for service in service_names()}
        with _the_only_one(admin):
            try:
                asyncio.run(_make_anew(admin, urls, owners))
                yield _copy(target, urls, owners)
            finally:
                asyncio.run(_drop(admin, urls))
        return
    from luotsi.embedded.servers import start_servers  # noqa: PLC0415  where there are wheels

    with temporary_data() as folder, start_servers(folder, durable=False) as servers:
        yield _copy(target, servers.database_urls, servers.owner_urls)


def _copy(target: Target, databases: Mapping[str, str], owners: Mapping[str, str]) -> Target:
    urls = {f"{service.upper()}_DATABASE_URL": url for service, url in databases.items()}
    urls |= {f"{service.upper()}_OWNER_DATABASE_URL": url for service, url in owners.items()}
    return Target(target.data, {**target.environment, **urls}, {})


def _renamed(url: str, service: str) -> str:
    return urlsplit(url)._replace(path=f"/rehearsal_{service}").geturl()


@contextmanager
def _the_only_one(admin: str) -> Iterator[None]:
    """PlatformError while another rehearsal is at work on that server."""
    with asyncio.Runner() as loop:  # it keeps one connection, while each step of the rehearsal has a loop of its own
        held = AsyncExitStack()
        connection = loop.run(held.enter_async_context(_as_admin(admin)))
        try:
            if not loop.run(connection.fetchval(_ALONE)):
                raise PlatformError("a rehearsal is running already: wait for its end")
            yield
        finally:
            loop.run(held.aclose())


async def _make_anew(admin: str, urls: Mapping[str, str], owners: Mapping[str, str]) -> None:
    """Make them, and drop before what a rehearsal has left that was killed."""
    async with _as_admin(admin) as connection:
        for service, url in urls.items():
            name, owner = database_in(url), role_in(owners[service])
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
            await connection.execute(
                f"CREATE DATABASE \"{name}\" OWNER \"{owner}\" TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C.UTF-8'"
            )
            await connection.execute(f'REVOKE ALL ON DATABASE "{name}" FROM PUBLIC')
            await connection.execute(f'GRANT CONNECT ON DATABASE "{name}" TO "{role_in(url)}"')


async def _drop(admin: str, urls: Mapping[str, str]) -> None:
    async with _as_admin(admin) as connection:
        for url in urls.values():
            await connection.execute(f'DROP DATABASE IF EXISTS "{database_in(url)}" WITH (FORCE)')


@asynccontextmanager
async def _as_admin(url: str) -> AsyncIterator[Any]:
    try:
        connection = await connect(url, timeout=10)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise PlatformError(f"{ADMIN}: the server does not answer: {str(error) or type(error).__name__}") from None
    try:
        yield connection
    except asyncpg.PostgresError as error:
        raise PlatformError(f"{ADMIN} has to be of a role that may make databases: {error}") from None
    finally:
        await connection.close()


__all__ = ["Source", "rehearse", "running_databases", "throw_away_databases"]
