"""The epoch of a database, which a restore raises: it belongs to the database and not to what lies in it.

So no older content that is put in takes it back. It outranks what was published before, as `Envelope` says.
"""

from typing import Any, Final

EPOCH: Final = r"""
SELECT CAST(substring(shobj_description(oid, 'pg_database') FROM 'luotsi epoch (\d+)') AS int)
FROM pg_database WHERE datname = current_database()
"""
"""Reads the epoch, which stands in the comment of the database (`\\l+`); NULL where no restore has set one."""

_KEY: Final = "luotsi_epoch"


def learn_epoch(connection: Any, record: Any) -> None:
    """Read the epoch once a connection, as SQLAlchemy's event `connect`. Services start anew after a restore."""
    record.info[_KEY] = connection.run_async(lambda raw: raw.fetchval(EPOCH)) or 1


def epoch_of(connection: Any) -> int:
    """The epoch that the connection has learnt; `connection` is SQLAlchemy's."""
    return int(connection.sync_connection.info[_KEY])


def set_epoch(database: str, epoch: int) -> str:
    """The statement that sets the epoch of a database: its owner's to give."""
    quoted = database.replace('"', '""')
    return f"COMMENT ON DATABASE \"{quoted}\" IS 'luotsi epoch {epoch}'"
