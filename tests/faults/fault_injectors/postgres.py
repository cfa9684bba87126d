"""Faults of the databases: killed, connections dropped, no connection left."""

import asyncio
import contextlib
import random
import signal

import asyncpg

from shared.services import service_names
from tests.faults.lab import Lab

_REFUSALS = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


async def kill_postgres(lab: Lab, lot: random.Random) -> None:
    """`kill -9` of the server; it recovers from its log."""
    lab.hands.signal("postgres", signal.SIGKILL)
    await asyncio.sleep(0.5)
    await lab.settled_servers()


async def restart_postgres(lab: Lab, lot: random.Random) -> None:
    """An orderly restart that breaks off what is under way."""
    lab.hands.signal("postgres", signal.SIGINT)
    await asyncio.sleep(0.5)
    await lab.settled_servers()


async def drop_connections(lab: Lab, lot: random.Random) -> None:
    """Every connection is ended by the server, three times in a row."""
    for _ in range(3):
        admin = await asyncpg.connect(lab.superuser_url(), timeout=5)
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
        )
        await admin.close()
        await asyncio.sleep(lot.uniform(0.1, 0.7))


async def take_all_connections(lab: Lab, lot: random.Random) -> None:
    """Somebody else holds every connection the server has, and those of the services are dropped."""
    taken: list[asyncpg.Connection] = []
    with contextlib.suppress(*_REFUSALS):
        while True:
            taken.append(await asyncpg.connect(lab.target.database_url(lot.choice(service_names())), timeout=5))
    try:
        await asyncio.sleep(1)
        with contextlib.suppress(*_REFUSALS):
            await drop_others(lab, taken)
            while True:
                taken.append(await asyncpg.connect(lab.target.database_url(lot.choice(service_names())), timeout=5))
        await asyncio.sleep(3)
    finally:
        for connection in taken:
            connection.terminate()


async def drop_others(lab: Lab, kept: list[asyncpg.Connection]) -> None:
    """End every connection but `kept`."""
    admin = await asyncpg.connect(lab.superuser_url(), timeout=5)
    try:
        own = [connection.get_server_pid() for connection in kept]
        await admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND NOT pid = ANY($1::int[])",
            own,
        )
    finally:
        await admin.close()
