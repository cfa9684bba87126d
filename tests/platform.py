"""The platform in one process for tests: real applications, real workers' parts, real servers.

Nothing runs in the background: `settle()` carries events around until all is quiet, so a test decides when.
"""

import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from sqlalchemy import text

from luotsi.embedded.servers import Servers
from services.catalog import main as catalog_main
from services.catalog import worker as catalog_worker
from services.notifications import main as notifications_main
from services.notifications import worker as notifications_worker
from services.notifications.settings import NotificationsSettings
from services.portal import main as portal_main
from services.portal import worker as portal_worker
from services.portal.settings import PortalSettings
from services.referral import main as referral_main
from services.referral import worker as referral_worker
from services.referral.jobs.deadline_scheduler import DeadlineScheduler
from services.referral.settings import ReferralSettings
from services.referral.vault import Vault
from shared.clock import utc_now
from shared.consuming.stream_reader import StreamReader, ensure_group
from shared.consuming.worker import Worker
from shared.database.connections import Database
from shared.publishing.outbox import Outbox
from shared.publishing.relay import Relay
from shared.redis import RawRedis, connect
from shared.services import service_names
from shared.settings import Settings
from tests.builders import Someone
from tests.emptying import delete_all
from tests.openapi_answers import Described, HeldToDocument

ISSUER = "http://localhost:8000"
UNLIMITED = 1_000_000
"""Requests that may be made in a minute: more than tests make"""


class Tokens:
    """Signs access tokens with a key of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.key = ECKey.generate_key("P-256", parameters={"kid": "test"})
        self.signing_key = folder / "signing.json"
        self.signing_key.write_text(json.dumps(self.key.as_dict(private=True)))
        self.jwks = folder / "jwks.json"
        self.jwks.write_text(json.dumps(KeySet([self.key]).as_dict(private=False)))

    def sign(self, who: Someone, *, expired: bool = False, **claims: Any) -> str:
        """An access token for a member; `claims` replace the usual ones."""
        now = datetime.now(UTC) - (timedelta(hours=1) if expired else timedelta())
        usual = {
            "iss": ISSUER,
            "aud": "luotsi",
            "sub": str(who.id),
            "org": str(who.organization_id),
            "roles": list(who.roles),
            "client_id": "tests",
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=15)).timestamp()),
            "jti": str(uuid4()),
        }
        return jwt.encode({"typ": "at+jwt", "alg": "ES256", "kid": "test"}, usual | claims, self.key)


class _Ending(httpx2.ASGITransport):
    """Answers when an application has said all: so streams, which have no end, tell only what is there now."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        if request.headers.get("Accept") == "text/event-stream":
            request.url = request.url.copy_merge_params({"follow": "false"})
        return await super().handle_async_request(request)


class MovableClock:
    """The clock of one service: the real one until a test sets it, and then standing still."""

    def __init__(self) -> None:
        self._set_to: datetime | None = None

    def __call__(self) -> datetime:
        return self._set_to or utc_now()

    def set(self, moment: datetime | None) -> None:
        """Show the aware `moment` from now on; None: the real time again."""
        self._set_to = moment


class Platform:
    """`apps`, `workers` and `databases` by service name; `mail` is the folder where mail lands.

    `owners` are the same databases as the role that owns them, for what no service may do.
    """

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.tokens = Tokens(folder)
        self.mail = folder / "mail"
        self.clock = MovableClock()
        self.portal_clock = MovableClock()
        self.settings = self._all_settings()
        self.databases = {service: Database(servers.database_urls[service]) for service in service_names()}
        self.owners = {service: Database(servers.owner_urls[service], pool_size=1) for service in service_names()}
        self.apps: dict[str, FastAPI] = {
            "catalog": catalog_main.create_app(self.settings["catalog"]),
            "referral": referral_main.create_app(self.settings["referral"], self.clock),
            "notifications": notifications_main.create_app(self.settings["notifications"]),
        }
        self._described: dict[str, Described] = {}
        apis = {service: self._transport(service) for service in self.apps}
        self.apps["portal"] = portal_main.create_app(self.settings["portal"], apis, self.portal_clock)
        self.workers: dict[str, Worker] = {
            "catalog": catalog_worker.build_worker(self.settings["catalog"]),
            "referral": referral_worker.build_worker(self.settings["referral"], self.clock),
            "notifications": notifications_worker.build_worker(self.settings["notifications"]),
            "portal": portal_worker.build_worker(self.settings["portal"]),
        }
        self.redis: RawRedis = connect(servers.redis_urls["operator"])

    def _all_settings(self) -> dict[str, Any]:
        def common(service: str) -> dict[str, Any]:
            return {
                "database_url": self.servers.database_urls[service],
                "redis_url": self.servers.redis_urls[service],
                "jwks": str(self.tokens.jwks),
                "issuer": ISSUER,
                "worker_name": f"{service}-test",
                "account_requests_per_minute": UNLIMITED,
                "address_requests_per_minute": UNLIMITED,
            }

        return {
            "catalog": Settings(**common("catalog")),
            "referral": ReferralSettings(
                **common("referral"),
                master_key="MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
                index_key="ZmVkY2JhOTg3NjU0MzIxMGZlZGNiYTk4NzY1NDMyMTA=",
                audit_key="YXVkaXQga2V5IG9mIHRoZSB0ZXN0cywgMzIgYnl0ZXM=",
            ),
            "notifications": NotificationsSettings(**common("notifications"), mail_dir=self.mail),
            "portal": PortalSettings(
                **common("portal"),
                portal_key="cG9ydGFsIGtleSBvZiB0aGUgdGVzdHMsIDMyIGJ5dGU=",
                signing_key=self.tokens.signing_key,
                catalog_url="http://catalog",
                referral_url="http://referral",
                notifications_url="http://notifications",
                show_accounts=True,
                mail_dir=self.mail,
            ),
        }

    def client(self, service: str, who: Someone | None = None, **headers: str) -> httpx2.AsyncClient:
        """An HTTP client of one service, acting as `who` (nobody: without a token)."""
        if who is not None:
            headers.setdefault("Authorization", f"Bearer {self.tokens.sign(who)}")
        return httpx2.AsyncClient(transport=self._transport(service), base_url=f"http://{service}", headers=headers)

    def _transport(self, service: str) -> httpx2.AsyncBaseTransport:
        """The way to one service, in this process; what an API answers has to fit its document."""
        inner = _Ending(app=self.apps[service], raise_app_exceptions=False)
        if service == "portal":
            return inner
        return HeldToDocument(inner, self._described.setdefault(service, Described(self.apps[service])))

    def browser(self, **headers: str) -> httpx2.AsyncClient:
        """An HTTP client of the portal that keeps cookies, as the browser of somebody who is not signed in."""
        return httpx2.AsyncClient(transport=self._transport("portal"), base_url=ISSUER, headers=headers)

    async def settle(self) -> None:
        """Carry events around until every outbox is published and every group has read all there is."""
        moved = True
        while moved:
            moved = False
            for worker in self.workers.values():
                while worker.relay and await worker.relay.step():
                    moved = True
                for reader in worker.readers:
                    moved = await self._read(reader) or moved

    def deadline_scheduler(self) -> DeadlineScheduler:
        """The deadline scheduler of one more worker of the referral service."""
        return DeadlineScheduler(self.databases["referral"], Outbox("referral"), self.vault, self.clock)

    @property
    def vault(self) -> Vault:
        """The vault of the referral service."""
        referral = self.settings["referral"]
        return Vault(referral.master_key.get_secret_value(), referral.index_key.get_secret_value())

    async def fire_due(self) -> None:
        """Do what timers are due for by the clock, and carry the events around."""
        deadline_scheduler = self.deadline_scheduler()
        while await deadline_scheduler.step():
            pass
        await self.settle()

    def relay(self, service: str) -> Relay:
        """The relay of the service's worker."""
        relay = self.workers[service].relay
        assert relay is not None
        return relay

    async def _read(self, reader: StreamReader) -> bool:
        consumer = reader.consumer
        await ensure_group(self.redis, consumer.stream, consumer.group)
        answer = await self.redis.xreadgroup(consumer.group, "settle", {consumer.stream: ">"}, count=100)
        entries = [(entry_id.decode(), fields) for _, found in answer for entry_id, fields in found]
        if entries:
            await reader.take_batch(entries)
        return bool(entries)

    async def published(self, service: str) -> list[dict[str, Any]]:
        """Every event in the log of `service`, oldest first, published or not yet."""
        async with self.databases[service].transaction() as tx:
            rows = await tx.execute(text("SELECT payload FROM outbox ORDER BY id"))
            return [json.loads(row.payload) for row in rows]

    async def scalar(self, service: str, query: str, **params: Any) -> Any:
        """The one value of a query on the database of `service`."""
        async with self.databases[service].transaction() as tx:
            return (await tx.execute(text(query), params)).scalar_one_or_none()

    async def empty(self) -> None:
        """Remove all that a test left behind."""
        self.clock.set(None)
        self.portal_clock.set(None)
        await self.redis.flushall()
        shutil.rmtree(self.mail, ignore_errors=True)
        for database in self.owners.values():
            async with database.transaction() as tx:
                await delete_all(tx)

    async def close(self) -> None:
        """Close every connection."""
        for app in self.apps.values():
            await app.state.luotsi.close()
        for worker in self.workers.values():
            await worker.close()
        for database in (*self.databases.values(), *self.owners.values()):
            await database.close()
        await self.redis.aclose()


__all__ = ["ISSUER", "Platform", "Tokens"]
