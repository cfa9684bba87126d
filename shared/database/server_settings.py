"""Settings of PostgreSQL that the connections of a service ask for, each for itself, or the role for all of them."""

from collections.abc import Mapping

from shared.database.addresses import connect, database_in

_LOCK = "SELECT pg_advisory_xact_lock(7205759403792795)"


def server_settings(**others: str) -> Mapping[str, str]:
    """What every connection of a service asks of the server."""
    return {
        "statement_timeout": "15000",
        # A client that vanished in the middle leaves its locks to nobody for as long as this.
        "idle_in_transaction_session_timeout": "20000",
        # One that vanished amid a statement counts as at work, whatever the limits: only the network tells that nobody
        # is there. The server asks it, instead of after two hours.
        "tcp_keepalives_idle": "10",
        "tcp_keepalives_interval": "5",
        "tcp_keepalives_count": "3",
        "timezone": "UTC",
        # Compiling a plan takes longer than any statement of ours is at work.
        "jit": "off",
        **others,
    }


async def keep_settings(url: str) -> None:
    """Let the role in `url` have these settings in that database from now on, where no connection asks for them too."""
    quoted = database_in(url).replace('"', '""')
    connection = await connect(url, timeout=10)
    try:
        async with connection.transaction():
            await connection.execute(_LOCK)  # two at once would change the same row, which PostgreSQL refuses
            for name, value in server_settings().items():
                await connection.execute(f"ALTER ROLE CURRENT_USER IN DATABASE \"{quoted}\" SET {name} = '{value}'")
    finally:
        await connection.close()
