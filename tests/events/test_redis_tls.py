"""Redis by TLS: workers, limits and the operator's commands speak to it; to a server of somebody else nobody does."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from redis.exceptions import RedisError

from luotsi.doctor.streams import redis as doctor
from luotsi.embedded.servers import Servers
from luotsi.platform.target import Target
from shared.publishing.relay import Relay
from shared.redis import connect
from shared.services import get_service
from shared.web.rate_limits import RateLimiter
from tests.events.backbone import STREAM, Backbone, until
from tests.events.test_worker import done
from tests.faults.proxy import Proxy
from tests.flows.certificates import Authority, server_context


@dataclass
class Encrypted:
    """The tests' Valkey, behind what encrypts for it and lets nobody in without a certificate of its authority."""

    authority: Authority
    port: int
    urls: dict[str, str]

    def url(self, user: str, parameters: str = "", host: str = "127.0.0.1") -> str:
        login, _, place = self.urls[user].removeprefix("redis://").rpartition("@")
        return f"rediss://{login}@{host}:{self.port}/{place.partition('/')[2]}?{parameters}"

    @property
    def parameters(self) -> str:
        return f"ssl_ca_certs={self.authority.file}&ssl_certfile={self.authority.certificate('luotsi')}"


@pytest_asyncio.fixture
async def encrypted(servers: Servers, tmp_path: Path) -> AsyncIterator[Encrypted]:
    authority = Authority(tmp_path)
    port = urlsplit(servers.redis_urls["operator"]).port
    assert port is not None
    proxy = Proxy(port, server_context(authority.certificate("server", addresses=("127.0.0.1",)), authority.file))
    await proxy.start()
    yield Encrypted(authority, proxy.port, servers.redis_urls)
    await proxy.stop()


async def test_events_are_published_and_consumed_by_tls(backbone: Backbone, encrypted: Encrypted) -> None:
    producer = connect(encrypted.url("catalog", encrypted.parameters))
    relay = Relay(backbone.publisher, producer, STREAM, "relay-1")
    events = await backbone.tell(120)
    async with backbone.working(redis_url=encrypted.url("referral", encrypted.parameters)):
        await backbone.publish(relay)
        await until(lambda: done(backbone, 120), "the events")
    await producer.aclose()
    assert await backbone.noted() == [event.id for event in events]


async def test_requests_are_counted_and_the_operator_looks_by_tls(backbone: Backbone, encrypted: Encrypted) -> None:
    redis = connect(encrypted.url("catalog", encrypted.parameters))
    limiter = RateLimiter(get_service("catalog"), redis, account=10, address=10)
    answers = await asyncio.gather(*(limiter.check("a", "192.0.2.1") for _ in range(12)))
    assert answers.count(None) == 10
    assert len(await backbone.operator.keys("catalog.limits:*")) == 1, "counted there, not in memory"
    await redis.aclose()
    target = Target(Path(), {"REDIS_URL": encrypted.url("operator", encrypted.parameters)}, {})
    [found, *_] = await doctor(target)
    assert found.note.startswith("valkey "), found.note


@pytest.mark.parametrize("missing", ["authority", "certificate", "name", "another authority"])
async def test_nobody_speaks_to_a_server_that_is_not_known(encrypted: Encrypted, tmp_path: Path, missing: str) -> None:
    known, host = encrypted.parameters, "127.0.0.1"
    if missing == "authority":
        known = known.partition("&")[2]
    elif missing == "certificate":
        known = known.partition("&")[0]
    elif missing == "name":
        host = "localhost"
    else:
        known = known.replace(str(encrypted.authority.file), str(Authority(tmp_path, "other").file))
    redis = connect(encrypted.url("operator", known, host))
    with pytest.raises((RedisError, OSError)):
        await redis.ping()
    await redis.aclose()
    if missing == "name":
        unchecked = connect(encrypted.url("operator", f"{known}&ssl_check_hostname=false", host))
        assert await unchecked.ping()
        await unchecked.aclose()
