"""Connections that are dead without anybody saying so, as after a failover: they are given up, and work goes on."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.dialects.postgresql.asyncpg import AsyncAdapt_asyncpg_dbapi as Driver
from sqlalchemy.exc import DBAPIError

from luotsi.embedded.servers import Servers
from shared.database.addresses import connect as connect_to_database
from shared.database.connections import Database
from shared.database.outages import is_outage
from shared.database.tables import InboxRow
from shared.database.transaction import Transaction
from shared.ids import new_id
from shared.publishing import notify_listener
from shared.publishing.event_log import EventLog
from shared.publishing.notify_listener import NotifyListener
from shared.redis import connect
from tests.faults.proxy import Proxy

FOREVER = 60.0
LATEST = (2**62, 0)
"""Beyond every entry that there will be"""


@asynccontextmanager
async def behind(url: str) -> AsyncIterator[tuple[Proxy, str]]:
    """A proxy in front of a server, and the address that leads through it."""
    port = urlsplit(url).port
    assert port is not None
    proxy = Proxy(port)
    await proxy.start()
    yield proxy, url.replace(f":{port}/", f":{proxy.port}/")
    await proxy.stop()


@pytest.mark.parametrize("kind", [asyncpg.InterfaceError, Driver.InternalError])
def test_a_connection_that_is_dropped_while_it_is_made_is_an_outage(kind: type[Exception]) -> None:
    assert is_outage(kind("connection is closed"))


def test_a_connection_that_the_driver_has_lost_track_of_is_an_outage() -> None:
    kind: type[Exception] = Driver.InternalClientError
    lost = kind("cannot switch to state 11; another operation (2) is in progress")
    assert is_outage(DBAPIError.instance("SELECT 7", {}, lost, Driver.Error))


Asking = Callable[[Transaction], Awaitable[object]]


async def by_statement(tx: Transaction) -> object:
    return (await tx.execute(text("SELECT 7"))).scalar_one()


async def by_writing(tx: Transaction) -> object:
    tx.insert(InboxRow(event_id=new_id(), consumer="trial"))
    await tx.flush()
    return None


async def in_a_savepoint(tx: Transaction) -> object:
    async with tx.savepoint():
        return await by_statement(tx)


async def ask(database: Database, asking: Asking = by_statement) -> object:
    """One transaction with one statement."""
    async with database.transaction() as tx:
        return await asking(tx)


async def test_the_server_asks_the_network_whether_anybody_is_there(servers: Servers) -> None:
    """No limit of its own ends a transaction whose client has vanished amid a statement, with all its locks."""
    query = "SELECT name, setting FROM pg_settings WHERE name LIKE 'tcp_keepalives_%'"
    database = Database(servers.database_urls["catalog"])
    async with database.transaction() as tx:
        asks = {name: int(setting) for name, setting in await tx.execute(text(query))}
    await database.close()
    seconds = asks["tcp_keepalives_idle"] + asks["tcp_keepalives_interval"] * asks["tcp_keepalives_count"]
    assert 0 < seconds <= 30


async def test_a_dead_connection_to_the_database_is_an_outage_and_then_replaced(servers: Servers) -> None:
    async with behind(servers.database_urls["catalog"]) as (proxy, url), asyncio.timeout(FOREVER):
        database = Database(url, answer_seconds=0.3)
        assert await ask(database) == 7
        proxy.half_open()
        proxy.heal()  # for whoever connects anew
        with pytest.raises(TimeoutError) as silence:
            await ask(database)
        assert is_outage(silence.value)
        assert await ask(database) == 7
        await database.close()


async def test_a_server_that_takes_a_connection_and_says_nothing_is_named(servers: Servers) -> None:
    async with behind(servers.database_urls["catalog"]) as (proxy, url), asyncio.timeout(FOREVER):
        proxy.half_open()
        with pytest.raises(TimeoutError, match=rf"^127\.0\.0\.1:{proxy.port} did not answer in time$"):
            await connect_to_database(url, timeout=0.3)


@pytest.mark.parametrize("asking", [by_statement, by_writing, in_a_savepoint])
async def test_a_connection_that_dies_within_a_transaction_is_not_asked_for_a_rollback(
    servers: Servers, asking: Asking
) -> None:
    async with behind(servers.database_urls["catalog"]) as (proxy, url), asyncio.timeout(FOREVER):
        database = Database(url, answer_seconds=0.3)

        async def cut_off_in_the_middle() -> None:
            async with database.transaction() as tx:
                await asking(tx)
                proxy.half_open()
                proxy.heal()
                await asking(tx)

        with pytest.raises(TimeoutError):
            await cut_off_in_the_middle()
        assert await ask(database) == 7
        await database.close()


async def test_a_dead_connection_of_the_relay_is_an_outage_and_then_replaced(servers: Servers) -> None:
    async with behind(servers.database_urls["catalog"]) as (proxy, url), asyncio.timeout(FOREVER):
        database = Database(url, answer_seconds=0.3)
        log = EventLog(database, "catalog.events", "trial")
        known = await log.newest_up_to(LATEST)
        proxy.half_open()
        proxy.heal()
        with pytest.raises(TimeoutError):
            await log.newest_up_to(LATEST)
        assert await log.newest_up_to(LATEST) == known
        await database.close()


async def test_a_dead_connection_to_the_streams_is_given_up(servers: Servers) -> None:
    async with behind(servers.redis_urls["operator"]) as (proxy, url), asyncio.timeout(FOREVER):
        redis = connect(url, socket_timeout=0.3, socket_connect_timeout=0.3)
        assert await redis.ping()
        proxy.half_open()
        proxy.heal()
        with pytest.raises(RedisError):
            await redis.ping()
        assert await redis.ping()
        await redis.aclose()


async def test_a_dead_wake_up_connection_is_opened_again(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notify_listener, "_LOOK_AFTER_SECONDS", 0.2)
    monkeypatch.setattr(notify_listener, "_ANSWER_SECONDS", 0.3)
    own = Database(servers.database_urls["catalog"])
    async with behind(own.url) as (proxy, url), asyncio.timeout(FOREVER):
        listener = NotifyListener(url, "trial")
        listening = asyncio.create_task(listener.listen())
        await listener.wait(FOREVER)  # it wakes when it begins to listen
        proxy.half_open()
        proxy.heal()
        await listener.wait(FOREVER)  # and when it does so again
        listening.cancel()
    await own.close()
