"""What becomes of rows that an earlier version of the notification service has written."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest
from alembic import command
from sqlalchemy import make_url

from luotsi.embedded.servers import Servers
from services.notifications.channels.email import EmailChannel
from services.notifications.jobs.delivery_queue import DeliveryQueue
from shared.database.connections import Database
from shared.database.migrations import alembic_config, upgrade
from shared.mail.files import FileMailer
from shared.publishing.outbox import Outbox
from tests.flows.notifications_mailing import Clock

_ROWS_OF_THE_FIRST_VERSION = """
INSERT INTO organizations (id, epoch, sequence, slug, name, active, email, closures)
VALUES ('01990000-0000-7000-8000-000000000001', 1, 1, 'kompassi', '{"fi": "K", "sv": "K", "en": "K"}', true,
    'post@kompassi.example', '[]');
INSERT INTO notices (id, event_id, event_type, correlation_id, referral_id, reference, recipient_organization_id,
    recipient_member_id, number, about, created_at)
SELECT recipient.id, gen_random_uuid(), 'referral.sent.v1', 'c', gen_random_uuid(), 'KUO-7F3K-92',
    '01990000-0000-7000-8000-000000000001', member, number, jsonb_build_object(
        'reference', 'KUO-7F3K-92', 'status', 'requested', 'urgent', false, 'by_side', 'source',
        'source_organization_id', gen_random_uuid(), 'source', name, 'target_organization_id', gen_random_uuid(),
        'target', name, 'service_id', gen_random_uuid(), 'service', name), now()
FROM organizations, (VALUES
    ('01990000-0000-7000-8000-000000000002'::uuid, NULL, NULL),
    ('01990000-0000-7000-8000-000000000003', gen_random_uuid(), 1),
    ('01990000-0000-7000-8000-000000000004', NULL, NULL)) AS recipient(id, member, number);
INSERT INTO deliveries (id, notice_id, channel, status, attempts, next_attempt_at, delivered_at, version) VALUES
    (gen_random_uuid(), '01990000-0000-7000-8000-000000000002', 'email', 'pending', 0, now(), NULL, 1),
    (gen_random_uuid(), '01990000-0000-7000-8000-000000000003', 'inbox', 'delivered', 1, NULL, now(), 1),
    (gen_random_uuid(), '01990000-0000-7000-8000-000000000004', 'email', 'failed', 3, now(), NULL, 4);
"""


@pytest.fixture
async def older(servers: Servers) -> AsyncIterator[str]:
    """The address of a database of the service as the first version left it, with deliveries in it."""
    admin = await asyncpg.connect(plain(servers.postgres_admin_url))
    owner = make_url(servers.owner_urls["notifications"])
    await admin.execute(f'CREATE DATABASE older_notifications OWNER "{owner.username}"')
    url = owner.set(database="older_notifications").render_as_string(hide_password=False)
    first = alembic_config("notifications", url)
    first.attributes["role"] = "notifications"
    try:
        await asyncio.to_thread(command.upgrade, first, "0001")
        connection = await asyncpg.connect(plain(url))
        await connection.execute(_ROWS_OF_THE_FIRST_VERSION)
        await connection.close()
        yield url
    finally:
        await admin.execute("DROP DATABASE older_notifications WITH (FORCE)")
        await admin.close()


def plain(url: str) -> str:
    """The address in the form that asyncpg itself takes."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


async def test_deliveries_from_before_channels_were_open_are_made_after_an_upgrade(older: str, tmp_path: Path) -> None:
    await asyncio.to_thread(upgrade, "notifications", older)
    database = Database(older)
    channel = EmailChannel(FileMailer(tmp_path), "luotsi@localhost", "http://localhost:8000")
    assert await DeliveryQueue(database, Outbox("notifications"), channel, Clock()).step() == 2
    await database.close()
    connection = await asyncpg.connect(plain(older))
    found = await connection.fetch("SELECT channel, status, attempts FROM deliveries ORDER BY notice_id")
    told = await connection.fetch("SELECT payload FROM outbox")
    assert [tuple(row) for row in found] == [
        ("email", "delivered", 1),
        ("inbox", "delivered", 1),
        ("email", "delivered", 4),
    ]
    assert [json.loads(row["payload"])["data"]["channel"] for row in told] == ["email", "email"]
    assert await asyncio.to_thread(lambda: len([*tmp_path.iterdir()])) == 2
    await connection.execute("UPDATE deliveries SET channel = 'text_message' WHERE channel = 'inbox'")
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("UPDATE deliveries SET channel = 'No code' WHERE channel = 'text_message'")
    await connection.close()
