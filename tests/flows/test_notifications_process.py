"""The service as it runs: its schema, its settings, and a worker that brings an event to a mailbox by itself."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import SecretStr, ValidationError
from sqlalchemy import Connection

from luotsi.embedded.servers import Servers
from services.notifications.jobs import delivery_queue
from services.notifications.settings import NotificationsSettings
from services.notifications.tables import Base
from services.notifications.worker import build_worker
from shared.database.migrations import upgrade
from shared.database.tables import Backbone
from shared.mail.settings import MailSettings
from tests.builders import small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_story import Story, count
from tests.platform import Platform


async def test_the_schema_is_what_the_tables_say(platform: Platform) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        # Alembic takes several, as it does in env.py; its type has not heard of it.
        return list(compare_metadata(context, [Base.metadata, Backbone.metadata]))  # type: ignore[arg-type]

    async with platform.databases["notifications"].engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_migrating_again_changes_nothing(servers: Servers) -> None:
    upgrade("notifications", servers.owner_urls["notifications"])


def settings(**values: str) -> MailSettings:
    needed = {"database_url": "postgresql://a@b/c", "redis_url": "redis://a", "jwks": "keys.json"}
    return MailSettings.model_validate(needed | values)


def test_production_needs_a_mail_server() -> None:
    public = {"environment": "production", "public_url": "https://luotsi.example"}
    with pytest.raises(ValidationError, match="SMTP_URL"):
        settings(**public)
    assert settings(**public, smtp_url="smtps://u:p@mail.example").mail_from == "luotsi@localhost"


@pytest.mark.parametrize("wrong", [{"smtp_url": "mail.example:25"}, {"smtp_url": "smtp://"}, {"mail_from": "Luotsi"}])
def test_settings_that_lead_nowhere_are_refused_at_start(wrong: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        settings(**wrong)


@pytest.mark.parametrize("mail_from", ["Luotsi", "a..b@kuopio.fi", "Luotsi luotsi@kuopio.fi", "a@x.fi, b@x.fi", ""])
@pytest.mark.parametrize("module", ["services.notifications.main", "services.notifications.worker"])
def test_no_process_starts_with_a_sender_that_is_none(module: str, mail_from: str) -> None:
    needed = {"DATABASE_URL": "postgresql://a@b/c", "REDIS_URL": "redis://a", "JWKS": "keys.json"}
    ended = subprocess.run(
        [sys.executable, "-m", module],
        env={**os.environ, **needed, "MAIL_FROM": mail_from},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("settings: MAIL_FROM is no sender of mail. ")
    assert "Kuopion kaupunki, Luotsi <luotsi@kuopio.fi>" in ended.stderr


def test_a_sender_s_name_needs_no_quotation_marks() -> None:
    settings(mail_from="Kuopion kaupunki, Luotsi <luotsi@kuopio.fi>")


@asynccontextmanager
async def running_worker(platform: Platform, server: MailServer, name: str = "alone") -> AsyncIterator[None]:
    own: NotificationsSettings = platform.settings["notifications"]
    worker = build_worker(own.model_copy(update={"smtp_url": SecretStr(server.url), "worker_name": name}))
    task = asyncio.create_task(worker.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def heard(platform: Platform, number: int) -> list[str]:
    """Wait until the service has told of `number` deliveries; returns their channels."""
    channels: list[str] = []
    last = "0"
    async with asyncio.timeout(60):
        while len(channels) < number:
            for _, entries in await platform.redis.xread({"notification.events": last}, block=1000):
                last = entries[-1][0].decode()
                channels += [json.loads(fields[b"__data__"])["data"]["channel"] for _, fields in entries]
    return channels


async def test_a_worker_brings_an_event_to_the_mailbox_by_itself(platform: Platform) -> None:
    town = await small_town(platform)
    async with MailServer() as server, running_worker(platform, server):
        await Story.of(platform, town).tell("sent", "source")
        while await platform.relay("referral").step():
            pass
        assert await heard(platform, 2) == ["inbox", "email"]
    assert server.recipients == [town.desk.email]


async def test_new_mail_wakes_the_delivery_queue(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delivery_queue, "_POLL_SECONDS", 3600.0)
    await test_a_worker_brings_an_event_to_the_mailbox_by_itself(platform)


async def test_after_an_outage_of_the_database_mail_goes_out_by_itself(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    async with MailServer() as server:
        await server.stop()
        async with running_worker(platform, server):
            async with asyncio.timeout(60):
                while await count(platform, "deliveries", "status = 'failed'") == 0:
                    await asyncio.sleep(0.02)
            await asyncio.to_thread(platform.servers.postgres.stop)  # killed, a server without fsync forgets
            await server.start()
            platform.servers.postgres.start()
            await asyncio.to_thread(platform.servers.wait_ready)
            assert await heard(platform, 2) == ["inbox", "email"]
        assert server.recipients == [town.desk.email]


async def test_three_workers_tell_everybody_once(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    for _ in range(60):
        await story.tell("message_sent", "source")
        await story.tell("message_sent", "target")
        await town.facts.member(town.desk.email, town.business, "recipient", again=town.desk)
    async with MailServer() as server, AsyncExitStack() as crew:
        for name in ("one", "two", "three"):
            await crew.enter_async_context(running_worker(platform, server, name))
        for service in ("catalog", "referral"):
            while await platform.relay(service).step():
                pass
        channels = await heard(platform, 240)
    assert channels.count("inbox") == channels.count("email") == 120
    assert len({message["Message-ID"] for message in server.taken}) == len(server.taken) == 120
    assert await count(platform, "notices") == 120
