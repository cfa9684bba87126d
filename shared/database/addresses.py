"""Addresses of databases, postgresql://role:password@host:port/database?sslmode=…, and connections to them.

They are read by asyncpg, and by PostgreSQL's own programs, in the same way: several hosts with commas, `sslmode`,
`sslrootcert`, `sslcert`, `sslkey`, `target_session_attrs`.
"""

import logging
from typing import Any
from urllib.parse import unquote, urlsplit

import asyncpg

log = logging.getLogger(__name__)


def role_in(url: str) -> str:
    """The role that an address names; empty where it names none."""
    return unquote(urlsplit(url).username or "")


def password_in(url: str) -> str:
    """The password that an address holds; empty where it holds none."""
    return unquote(urlsplit(url).password or "")


def database_in(url: str) -> str:
    """The database that an address names."""
    return unquote(urlsplit(url).path.removeprefix("/"))


def servers_in(url: str) -> str:
    """The servers that an address names, as host:port, with commas between several."""
    return urlsplit(url).netloc.rpartition("@")[2]


async def connect(url: str, **options: Any) -> Any:
    """A connection of asyncpg's. Raises OSError where none of the servers can be reached, or none of them may write.

    A TimeoutError names the server that took the connection and said nothing. A pooler of
    transactions that is taken for a server is told of in the log.
    """
    try:
        return await asyncpg.connect(url, **options)
    except TimeoutError as error:
        raise TimeoutError(f"{servers_in(url)} did not answer in time") from error
    except asyncpg.TargetServerAttributeNotMatched as error:
        raise ConnectionError(str(error)) from error
    except asyncpg.ProtocolViolationError as error:
        if "startup parameter" in str(error):
            log.error("%s: DATABASE_URL leads to a pooler, whose address belongs into DATABASE_POOLER_URL", error)
        raise
