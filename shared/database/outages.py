"""Servers that are away for a while: how an outage is distinguished from a failure, and waited out."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from redis.exceptions import RedisError
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi as Driver
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, PendingRollbackError
from sqlalchemy.exc import TimeoutError as PoolTimeout

log = logging.getLogger(__name__)

# SQLSTATE classes that speak of the server, of concurrency or of resources, never of the statement itself:
# connection, transaction rollback (serialisation, deadlock), insufficient resources, intervention, system.
_OUTAGE_CLASSES = frozenset({"08", "40", "53", "55", "57", "58"})
# Of a class that otherwise speaks of the statement: a server that only reads (a replica, as after a failover),
# and a transaction ended for idleness.
_OUTAGES = frozenset({"25006", "25P03"})

SILENCE = (TimeoutError, asyncpg.InternalClientError)
"""No answer came in time, or the server has ended the connection and asyncpg does not know yet: it is dead."""

LOST = (DBAPIError, *SILENCE)
"""What is raised by undoing something on a connection that is lost: the server undoes it by itself."""


def is_outage(error: BaseException) -> bool:
    """Whether `error` says that the database is away or busy, so that the same work may succeed later."""
    # What the server answers before there is a connection is asyncpg's own error.
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    if state is not None:
        return str(state)[:2] in _OUTAGE_CLASSES or state in _OUTAGES
    if isinstance(error, DBAPIError):
        dead = isinstance(error.orig, Driver.InternalClientError)  # as in SILENCE, only SQLAlchemy's name for it
        return dead or error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    # What SQLAlchemy has not wrapped is asyncpg's own, or happened while a connection was being made.
    dropped = asyncpg.InterfaceError | asyncpg.InternalClientError | Driver.Error
    # The last one: of a transaction that has lost its connection and was gone on with, as after a savepoint.
    return isinstance(error, OSError | TimeoutError | PoolTimeout | dropped | PendingRollbackError)


def is_away(error: BaseException) -> bool:
    """Whether `error` says that the database or Redis is away or busy, so that the same work may succeed later."""
    return isinstance(error, RedisError) or is_outage(error)


@contextmanager
def waited_out(who: str) -> Iterator[None]:
    """End the block with a warning when a server is away; for work that is begun again soon. Other errors go on."""
    try:
        yield
    except Exception as error:
        if not is_away(error):
            raise
        log.warning("%s waits for its servers: %s", who, type(error).__name__)
