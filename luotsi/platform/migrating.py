"""Bringing a service's database to the newest schema, and a service that is new to a platform up to its past."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import asyncpg

from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.database.addresses import connect, role_in
from shared.database.server_settings import keep_settings
from shared.services import SERVICES, get_service

_PUBLISH_AGAIN: Final = "UPDATE outbox SET published_at = NULL WHERE published_at IS NOT NULL"
# In a platform that is only being made, another service's database is perhaps not there yet.
_NOT_MADE_YET: Final = (asyncpg.InvalidCatalogNameError, asyncpg.InvalidAuthorizationSpecificationError)


def migrate(target: Target, service: str) -> None:
    """Bring a service's database to the newest schema, as its owner; the role that works in it gets its rights.

    A service that was added to a platform has the events that it reads published again, for a stream has lost what all
    have read that there were before. These pass over what they have dealt with.
    """
    from shared.database.migrations import upgrade  # noqa: PLC0415 - few commands need Alembic, which is slow to load

    owner = target.owner_url(service)
    missed = asyncio.run(_missed(owner, list(_publishers(target, service))))
    own = target.database_url(service)
    upgrade(service, owner, role_in(own))
    if role_in(own) != role_in(owner):  # what the owner does takes as long as it takes
        asyncio.run(keep_settings(own))
    for url in missed:
        asyncio.run(_publish_again(url))


def _publishers(target: Target, service: str) -> Iterator[str]:
    """The databases, as far as they are known, of the services whose streams it reads."""
    for other in SERVICES:
        if other.stream in get_service(service).reads:
            with suppress(PlatformError):
                yield target.owner_url(other.name)


async def _missed(own: str, publishers: list[str]) -> list[str]:
    """Those of `publishers` that have published something before there was anything in the database `own`."""
    if await _has_table(own, "alembic_version"):
        return []
    return [url for url in publishers if await _has_table(url, "outbox") and await _has_published(url)]


async def _has_table(url: str, table: str) -> bool:
    try:
        return bool(await _value(url, f"SELECT to_regclass('{table}') IS NOT NULL"))
    except _NOT_MADE_YET:
        return False


async def _has_published(url: str) -> bool:
    return bool(await _value(url, "SELECT EXISTS (SELECT FROM outbox WHERE published_at IS NOT NULL)"))


async def _publish_again(url: str) -> None:
    await _value(url, _PUBLISH_AGAIN)


async def _value(url: str, statement: str) -> object:
    connection = await connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()
