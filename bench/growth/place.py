"""A filled platform in this process: its servers, the three APIs, and whoever asks them."""

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import asyncpg
import httpx2
from fastapi import FastAPI

from bench.filling import Size, fill
from luotsi.embedded.servers import Servers, start_servers
from luotsi.platform.target import Target
from luotsi.platform.tokens import Member, fetch_members
from services.catalog import main as catalog
from services.notifications import main as notifications
from services.notifications.settings import NotificationsSettings
from services.referral import main as referral
from services.referral.settings import ReferralSettings, vault_of
from shared.database.connections import Database
from shared.database.migrations import upgrade
from shared.services import service_names
from shared.settings import Settings
from shared.web.token_signing import as_key_set, new_signing_key, public_jwk, sign_token

FOLDER: Final = Path(__file__).resolve().parents[2] / ".bench" / "growth"
"""Where filled platforms lie, each in a folder named by its size"""

ISSUER: Final = "http://localhost:8000"
_KEY: Final = base64.urlsafe_b64encode(b"a growth measurement's only key.").decode()
KEYS: Final = dict.fromkeys(("MASTER_KEY", "INDEX_KEY", "AUDIT_KEY"), _KEY)
"""Setting → key. Nobody's data lies under it."""

ADVISER, DESK, COORDINATOR = "adviser1@o0.example", "recipient3@o1.example", "coordinator5@o0.example"
SEEN_ALL, QUIET = "recipient4@o1.example", "quiet"
"""A colleague of the desk's who has seen all notices; a member of the last organisation, which has twenty referrals."""


class Place:
    """One size. `servers` run, and are migrated and filled; `members` are those above by their addresses."""

    def __init__(self, servers: Servers, folder: Path, referrals: int) -> None:
        self.servers, self.folder, self.referrals = servers, folder, referrals
        self.key = new_signing_key()
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(as_key_set([public_jwk(self.key)]))
        common: dict[str, Any] = {
            "jwks": str(self.jwks),
            "issuer": ISSUER,
            "account_requests_per_minute": 1_000_000,
            "worker_name": "bench",
        }
        addresses: dict[str, dict[str, Any]] = {
            service: {"database_url": servers.database_urls[service], "redis_url": servers.redis_urls[service]}
            for service in service_names()
        }
        keys: dict[str, Any] = {name.lower(): key for name, key in KEYS.items()}
        self.settings = ReferralSettings(**common, **addresses["referral"], **keys)
        self.vault = vault_of(self.settings)
        self.apps = {
            "catalog": catalog.create_app(Settings(**common, **addresses["catalog"])),
            "referral": referral.create_app(self.settings),
            "notifications": notifications.create_app(
                NotificationsSettings(**common, **addresses["notifications"], mail_dir=folder / "mail")
            ),
        }
        self._clients = {service: _client(app, service) for service, app in self.apps.items()}
        self.database = Database(servers.database_urls["referral"], answer_seconds=None)
        self.members: dict[str, Member] = {}
        self.filled_in = 0

    async def open(self) -> None:
        """Look up who asks."""
        url = self.servers.owner_urls["catalog"]
        self.members = {one.email: one for one in await fetch_members(url, "o.slug ~ '^o[0-9]+$'")}
        last = max(int(one.organization[1:]) for one in self.members.values())
        self.members[QUIET] = self.members[f"recipient3@o{last}.example"]

    async def close(self) -> None:
        """Close every connection."""
        for client in self._clients.values():
            await client.aclose()
        for app in self.apps.values():
            await app.state.luotsi.close()
        await self.database.close()

    async def ask(self, service: str, who: str, method: str, path: str, **request: Any) -> httpx2.Response:
        """One request. The answer may be any."""
        headers = self.headers_of(who) | request.pop("headers", {})
        return await self._clients[service].request(method, path, timeout=None, headers=headers, **request)

    def headers_of(self, who: str) -> dict[str, str]:
        """What shows that somebody asks. It is good for a quarter of an hour."""
        member = self.members[who]
        token = sign_token(self.key, ISSUER, "bench", member.id, member.organization_id, member.roles)
        return {"Authorization": f"Bearer {token}"}

    @cached_property
    def target(self) -> Target:
        """The same platform, for the operator's commands."""
        urls = {f"{name.upper()}_DATABASE_URL": url for name, url in self.servers.database_urls.items()}
        owners = {f"{name.upper()}_OWNER_DATABASE_URL": url for name, url in self.servers.owner_urls.items()}
        return Target(self.folder, urls | owners | KEYS | {"REDIS_URL": self.servers.redis_urls["operator"]}, {})


def _client(app: FastAPI, service: str) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx2.AsyncClient(transport=transport, base_url=f"http://{service}")


@contextmanager
def started(folder: Path) -> Iterator[Servers]:
    """The servers of one size, migrated. What they hold stays when they are stopped."""
    folder.mkdir(mode=0o711, parents=True, exist_ok=True)
    with start_servers(folder, durable=False, keep=True) as servers:
        for service in service_names():
            upgrade(service, servers.owner_urls[service])
        yield servers


async def filled(servers: Servers, folder: Path, size: Size) -> Place:
    """The servers with so much in them: filled now, unless an earlier run did that."""
    place, note = Place(servers, folder, size.referrals), folder / "filled.json"
    if not note.exists():
        begun = time.monotonic()
        await fill(servers.owner_urls, size, place.vault)
        seconds = round(time.monotonic() - begun)
        note.write_text(json.dumps({**asdict(size), "seconds": seconds}, default=str))
    place.filled_in = json.loads(note.read_text()).get("seconds", 0)
    await place.open()
    return place


async def gigabytes(servers: Servers) -> float:
    """What the databases take on the disk."""
    connection = await asyncpg.connect(servers.postgres_admin_url)
    found = await connection.fetchval("SELECT sum(pg_database_size(datname)) FROM pg_database")
    await connection.close()
    return float(found) / 1e9


async def largest_tables(servers: Servers, most: int = 12) -> list[str]:
    """The largest tables of all databases: what they take with their indexes, and what a row takes without and with."""
    found: list[tuple[int, str]] = []
    for service, url in servers.owner_urls.items():
        connection = await asyncpg.connect(url)
        for name, whole, bare, rows in await connection.fetch(
            "SELECT relname, pg_total_relation_size(oid), pg_table_size(oid), reltuples::bigint FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND reltuples > 0"
        ):
            of_a_row = f"{bare / rows:,.0f} bytes a row, {whole / rows:,.0f} with indexes"
            found.append((whole, f"{service}.{name}: {whole / 1e6:,.0f} MB, {rows:,} rows, {of_a_row}"))
        await connection.close()
    return [line for _, line in sorted(found, reverse=True)[:most]]
