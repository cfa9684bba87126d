"""Bringing a service's database to the newest schema, and a service that is new to a platform up to its past."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import asyncpg

from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.database.addresses import connect, role_in
from shared.database.server_settings import keep_settings
from shared.services import SERVICES, get_service
from shared.version import VERSION, numbers_of

if TYPE_CHECKING:
    from shared.database.migrations import Step

_TOLD: Final = "SELECT obj_description('alembic_version'::regclass, 'pg_class')"
# In a platform that is only being made, another service's database is perhaps not there yet.
_NOT_MADE_YET: Final = (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError)


def migrate(target: Target, service: str) -> list["Step"]:
    """Bring a service's database to the newest schema, as its owner; the role that works in it gets its rights.

    Returns what was run. Tables of a newer version that this one runs with are left as they are. PlatformError where it
    does not.

    A service that was added to a platform has the events that it reads published again, for a stream has lost what all
    have read that there were before. These pass over what they have dealt with.
    """
    from shared.database.migrations import upgrade  # noqa: PLC0415 - few commands need Alembic, which is slow to load

    owner = target.owner_url(service)
    if asyncio.run(standing(target, service)).is_newer:
        return []
    missed = asyncio.run(_missed(owner, dict(_publishers(target, service))))
    own = target.database_url(service)
    steps = upgrade(service, owner, role_in(own))
    if role_in(own) != role_in(owner):  # what the owner does takes as long as it takes
        asyncio.run(keep_settings(own))
    for stream in missed:
        asyncio.run(_publish_again(stream, missed[stream]))
    return steps


@dataclass(frozen=True)
class Standing:
    """How far the tables of a service are. `at` is their newest migration; None where there are none yet."""

    service: str
    at: str | None
    to: str
    is_newer: bool = False

    @property
    def will_change(self) -> bool:
        """Whether there are tables that a migration is going to change."""
        return self.at is not None and not self.is_newer and self.at != self.to


async def standing(target: Target, service: str) -> Standing:
    """How far a service's tables are. PlatformError where they are newer than this version can work with."""
    from shared.database.migrations import revisions  # noqa: PLC0415 - as above

    known = revisions(service)
    url = target.owner_url(service)
    try:
        if not await _has_table(url, "alembic_version"):
            return Standing(service, None, known[-1])
        at = str(await _value(url, "SELECT version_num FROM alembic_version"))
        if at not in known:
            _refuse_what_is_too_new(service, at, str(await _value(url, _TOLD)))
        return Standing(service, at, known[-1], is_newer=at not in known)
    except (OSError, asyncpg.PostgresError, TimeoutError) as error:
        raise PlatformError(f"the database {service} does not answer: {str(error) or type(error).__name__}") from None


def is_wanted(environment: Mapping[str, str]) -> bool:
    """Whether a backup is made before tables change: unless MIGRATE_BACKUP is false. PlatformError for another word."""
    written = environment.get("MIGRATE_BACKUP", "").strip().lower() or "true"
    if written not in ("true", "false"):
        raise PlatformError("MIGRATE_BACKUP has to be true or false")
    return written == "true"


def _refuse_what_is_too_new(service: str, at: str, said: str) -> None:
    found = re.fullmatch(r"of luotsi (\S+), runs with (\S+)", said)
    if found is None:
        raise PlatformError(
            f"the tables of {service} are at {at}, which this version ({VERSION}) does not know: install the version "
            "that they are of"
        )
    if numbers_of(VERSION) < numbers_of(found[2]):
        raise PlatformError(
            f"the tables of {service} are of version {found[1]}, on which {VERSION} does not run: install {found[2]} "
            "or a newer version, or bring back what was before by `luotsi restore before-upgrade`"
        )


def _publishers(target: Target, service: str) -> Iterator[tuple[str, str]]:
    """The streams that it reads, and the databases of those who write them as far as they are known."""
    for other in SERVICES:
        if other.stream and other.stream in get_service(service).reads:
            with suppress(PlatformError):
                yield other.stream, target.owner_url(other.name)


async def _missed(own: str, publishers: Mapping[str, str]) -> dict[str, str]:
    """Those of `publishers` that have published something before there was anything in the database `own`."""
    if await _has_table(own, "alembic_version"):
        return {}
    return {
        stream: url
        for stream, url in publishers.items()
        if await _has_table(url, "outbox") and await _has_published(url)
    }


async def _has_table(url: str, table: str) -> bool:
    try:
        return bool(await _value(url, f"SELECT to_regclass('{table}') IS NOT NULL"))
    except _NOT_MADE_YET:
        return False


async def _has_published(url: str) -> bool:
    return bool(await _value(url, "SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NOT NULL)"))


async def _publish_again(stream: str, url: str) -> None:
    from luotsi.platform.operator_database import operator_database  # noqa: PLC0415 - as above
    from shared.publishing.republishing import publish_again  # noqa: PLC0415

    async with operator_database(url) as database, database.transaction() as tx:
        await publish_again(tx, stream)


async def _value(url: str, statement: str) -> object:
    connection = await connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
