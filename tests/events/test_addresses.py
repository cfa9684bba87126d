"""Addresses of databases with several hosts, and a pooler before the server."""

import asyncio
import subprocess
from urllib.parse import urlsplit

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from luotsi.backup import postgres_tools
from luotsi.embedded.servers import Servers
from shared.database.addresses import connect, database_in, password_in, role_in
from shared.database.connections import Database
from shared.database.outages import is_outage
from shared.database.server_settings import keep_settings
from shared.publishing.notify_listener import NotifyListener
from shared.settings import Settings

WHOLE = (
    "postgresql://catalog_owner:a%40%2Fb@db-a:5432,db-b:5433/catalog?sslmode=verify-full&target_session_attrs=primary"
)


def two_hosts(url: str, attributes: str) -> str:
    """The same database on two hosts, of which the first is not there."""
    parts = urlsplit(url)
    user, _, host = parts.netloc.rpartition("@")
    return f"postgresql://{user}@127.0.0.1:1,{host}{parts.path}?target_session_attrs={attributes}"


def test_an_address_of_two_hosts_tells_role_password_and_database() -> None:
    assert (role_in(WHOLE), password_in(WHOLE), database_in(WHOLE)) == ("catalog_owner", "a@/b", "catalog")
    assert role_in("postgresql:///catalog") == password_in("postgresql:///catalog") == ""


async def test_of_two_hosts_the_one_that_writes_is_taken(servers: Servers) -> None:
    address = two_hosts(servers.database_urls["catalog"], "read-write")
    database = Database(address)
    async with database.transaction() as tx:
        assert (await tx.execute(text("SELECT 7"))).scalar_one() == 7
    async with database.raw_connection().in_use() as connection:
        assert await connection.fetchval("SELECT 7") == 7
    await database.close()
    program = postgres_tools.start("psql", "-At", "--command=SELECT 7", url=address, stdout=subprocess.PIPE)
    assert program.communicate()[0] == b"7\n"


async def test_where_no_host_is_what_is_asked_for_there_is_an_outage(servers: Servers) -> None:
    address = servers.database_urls["catalog"] + "?target_session_attrs=standby"
    with pytest.raises(ConnectionError) as raised:
        await connect(address)
    assert is_outage(raised.value)
    listener = NotifyListener(address, "outbox")
    listening = asyncio.create_task(listener.listen())
    done, _ = await asyncio.wait({listening}, timeout=0.5)
    assert not done, "it tries again"
    listening.cancel()


async def test_by_a_pooler_nothing_is_asked_for_and_the_role_has_the_settings(servers: Servers) -> None:
    url = servers.database_urls["referral"]
    database = Database("postgresql://nobody@127.0.0.1:1/none", url, pool_size=1)
    direct = Database(url, pool_size=1)
    asked = text("SHOW statement_timeout")
    forget = text("ALTER ROLE CURRENT_USER IN DATABASE referral RESET ALL")
    try:
        async with direct.transaction() as tx:
            await tx.execute(forget)
        async with database.transaction() as tx:
            assert (await tx.execute(asked)).scalar_one() == "0"
        await database.engine.dispose()
        await asyncio.gather(keep_settings(url), keep_settings(url))
        async with database.transaction() as tx:
            assert (await tx.execute(asked)).scalar_one() == "15s"
    finally:
        async with direct.transaction() as tx:
            await tx.execute(forget)
        await direct.close()
        await database.close()


async def test_the_services_of_a_process_go_by_the_pooler_that_its_settings_name(servers: Servers) -> None:
    given = {"redis_url": "redis://127.0.0.1", "jwks": "keys.json", "database_url": "postgresql://a@127.0.0.1:1/b"}
    url = servers.database_urls["catalog"]
    for pooler in (url, ""):
        database = Database.of(Settings.model_validate({**given, "database_pooler_url": pooler}))
        try:
            async with database.transaction() as tx:
                assert (await tx.execute(text("SELECT 7"))).scalar_one() == 7
            assert pooler
        except OSError:
            assert not pooler
        await database.close()


async def test_a_pooler_that_is_taken_for_a_server_is_told_of(caplog: pytest.LogCaptureFixture) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """As PgBouncer does, in PostgreSQL's protocol."""
        if await reader.readexactly(8) == b"\0\0\0\x08\x04\xd2\x16\x2f":  # asks for encryption
            writer.write(b"N")
            await reader.readexactly(8)
        fields = b"SFATAL\0C08P01\0Munsupported startup parameter: statement_timeout\0\0"
        writer.write(b"E" + (len(fields) + 4).to_bytes(4, "big") + fields)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as pooler:
        port = pooler.sockets[0].getsockname()[1]
        database = Database(f"postgresql://a:b@127.0.0.1:{port}/c")
        with pytest.raises(DBAPIError, match="startup parameter"):
            async with database.transaction() as tx:
                await tx.execute(text("SELECT 7"))
        await database.close()
    assert "DATABASE_POOLER_URL" in caplog.text
