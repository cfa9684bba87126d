"""The referral service's schema: what the tables say, and what becomes of rows from before a change."""

import asyncio

import asyncpg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, make_url

from luotsi.embedded.servers import Servers
from services.referral.tables import Base
from shared.database.migrations import alembic_config, upgrade
from shared.database.tables import Backbone
from tests.platform import Platform

_REFERRAL_OF_THE_FIRST_VERSION = """
INSERT INTO clients VALUES ('01990000-0000-7000-8000-000000000001', gen_random_uuid(), 'person', 'fi', false, 'client',
    '', now());
INSERT INTO referrals (id, reference, version, status, urgency, language, client_id, service_id,
    source_organization_id, source_member_id, target_organization_id, desk_member_ids, texts, created_at, updated_at)
VALUES ('01990000-0000-7000-8000-000000000002', 'KUO-7F3K-92', 3, 'accepted', 'routine', 'fi',
    '01990000-0000-7000-8000-000000000001', gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(),
    '{}', '', now(), now());
"""


async def test_the_schema_is_what_the_tables_say(platform: Platform) -> None:
    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_server_default": True})
        # Alembic takes several, as it does in env.py; its type has not heard of it.
        return list(compare_metadata(context, [Base.metadata, Backbone.metadata]))  # type: ignore[arg-type]

    async with platform.databases["referral"].engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_a_referral_from_before_there_were_chains_is_the_first_of_its_own(servers: Servers) -> None:
    admin = await asyncpg.connect(plain(servers.postgres_admin_url))
    owner = make_url(servers.owner_urls["referral"])
    await admin.execute(f'CREATE DATABASE older OWNER "{owner.username}"')
    url = owner.set(database="older").render_as_string(hide_password=False)
    at_first = alembic_config("referral", url)
    at_first.attributes["role"] = "referral"
    try:
        await asyncio.to_thread(command.upgrade, at_first, "0001")
        older = await asyncpg.connect(plain(url))
        await older.execute(_REFERRAL_OF_THE_FIRST_VERSION)
        await asyncio.to_thread(upgrade, "referral", url)
        row = await older.fetchrow("SELECT id = root_id AS first, parent_id, chain_depth, version FROM referrals")
        assert tuple(row.values()) == (True, None, 1, 3)
        await older.close()
    finally:
        await admin.execute("DROP DATABASE older WITH (FORCE)")
        await admin.close()


def plain(url: str) -> str:
    """The address in the form that asyncpg itself takes."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
