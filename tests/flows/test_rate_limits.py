"""How much an account or an address may ask for: counted in Redis for all processes, in memory while it is away."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import assume, given
from hypothesis import strategies as st

from luotsi.embedded.servers import Servers
from shared.redis import connect
from shared.services import apis, get_service
from shared.web.rate_limits import RateLimiter, network_of
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import problem
from tests.web_process import web_process

FEW = {"ACCOUNT_REQUESTS_PER_MINUTE": "5", "ADDRESS_REQUESTS_PER_MINUTE": "3"}


async def test_one_request_too_many_is_refused_to_that_account_alone(platform: Platform, tmp_path: Path) -> None:
    town = await small_town(platform)
    with web_process(platform, "referral", tmp_path / "log", **FEW) as web:
        async with web.client(town.adviser) as busy, web.client(town.colleague) as colleague, web.client() as stranger:
            assert [(await busy.get("/referrals")).status_code for _ in range(5)] == [200] * 5
            refused = await busy.get("/referrals")
            problem(refused, 429, "too-many-requests")
            assert 1 <= int(refused.headers["Retry-After"]) <= 60
            assert (await busy.post("/referrals", content=b"{")).status_code == 429
            assert (await colleague.get("/referrals")).status_code == 200
            # Nobody's requests are counted by their address, and a forged token is nobody's.
            forged = {"Authorization": busy.headers["Authorization"][:-4] + "AAAA"}
            codes = [
                (await stranger.get("/referrals", headers=headers)).status_code for headers in ({}, forged, {}, forged)
            ]
            assert codes == [401, 401, 401, 429]
            assert (await colleague.get("/referrals")).status_code == 200
            for path in ("/livez", "/readyz", "/metrics"):
                assert (await stranger.get(path)).status_code == 200


@pytest.mark.parametrize(("believed", "expected"), [("", [200, 200, 200, 429]), ("127.0.0.1", [200] * 4)])
async def test_only_a_proxy_that_is_named_says_whose_address_it_is(
    platform: Platform, tmp_path: Path, believed: str, expected: list[int]
) -> None:
    with web_process(platform, "catalog", tmp_path / "log", FORWARDED_ALLOW_IPS=believed, **FEW) as web:
        async with web.client() as client:
            said = [{"X-Forwarded-For": f"198.51.100.{number}"} for number in range(4)]
            assert [(await client.get("/services", headers=each)).status_code for each in said] == expected


@pytest_asyncio.fixture
async def limiters(platform: Platform) -> AsyncIterator[list[RateLimiter]]:
    """Two processes of the catalogue, each of which lets an account make 100 requests a minute."""
    clients = [connect(platform.servers.redis_urls["catalog"]) for _ in range(2)]
    yield [RateLimiter(get_service("catalog"), redis, account=100, address=100) for redis in clients]
    for client in clients:
        await client.aclose()


async def let_through(limiter: RateLimiter, requests: int, account: str | None = "a") -> int:
    """How many of that many requests at once are not refused."""
    answers = await asyncio.gather(*(limiter.check(account, "192.0.2.1") for _ in range(requests)))
    return answers.count(None)


async def test_all_processes_count_together(limiters: list[RateLimiter]) -> None:
    one, other = limiters
    assert await let_through(one, 60) == 60
    assert await let_through(other, 60) == 40
    assert await let_through(one, 10) == 0
    assert await let_through(one, 60, None) == 60


async def test_what_is_counted_in_redis_is_forgotten(platform: Platform, limiters: list[RateLimiter]) -> None:
    for number in range(20):
        await limiters[0].check(str(number), "192.0.2.1")
        await limiters[0].check(None, f"192.0.2.{number}")
    keys = await platform.redis.keys("*limits*")
    assert Counter(key.split(b":")[0] for key in keys) == {b"catalog.limits": 40}
    assert all([0 < await platform.redis.ttl(key) <= 60 for key in keys])


@pytest.mark.parametrize("how", ["killed", "frozen", "without room"])
async def test_while_redis_is_away_each_process_counts_for_itself(
    platform: Platform, servers: Servers, limiters: list[RateLimiter], how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.rate_limits._AWAY_SECONDS", 0.0)
    one, other = limiters
    if how == "killed":
        servers.valkey.kill()
    elif how == "frozen":
        servers.valkey.freeze()
    else:
        await platform.redis.config_set("maxmemory", "1")
    try:
        assert await let_through(one, 110) == 100
        assert await let_through(other, 110) == 100
    finally:
        if how == "killed":
            servers.valkey.start()
            servers.wait_ready()
        servers.valkey.thaw()
        await platform.redis.config_set("maxmemory", "0")
    assert await let_through(one, 110, "another") == 100
    assert await let_through(other, 10, "another") == 0


@given(st.ip_addresses(v=4), st.ip_addresses(v=6), st.integers(0, 2**64 - 1), st.text())
def test_a_caller_has_an_address_or_a_network_of_its_own(v4: object, v6: object, lower: int, other: str) -> None:
    assume(getattr(v6, "ipv4_mapped", None) is None)
    assert network_of(str(v4)) == str(v4)
    neighbour = type(v6)((int(v6) >> 64 << 64) | lower)  # type: ignore[call-arg, call-overload]
    assume(getattr(neighbour, "ipv4_mapped", None) is None)
    assert network_of(str(neighbour)) == network_of(str(v6))
    assert len(network_of(other)) <= len("ffff:ffff:ffff:ffff::/64")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),  # the same caller at a server that listens for both
        ("2001:db8:0:1::7", "2001:db8:0:1::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_one_caller_is_one_whatever_the_form_of_its_address(address: str, network: str) -> None:
    assert network_of(address) == network


async def test_no_more_accounts_are_remembered_than_there_is_room_for(
    limiters: list[RateLimiter], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shared.web.rate_limits._REMEMBERED", 3)
    for number in range(10):
        await limiters[0].check(str(number), "192.0.2.1")
    assert len(limiters[0]._shares) == 3


@pytest.mark.parametrize("service", apis())
async def test_the_document_says_that_there_may_be_too_many_requests(platform: Platform, service: str) -> None:
    document = (await platform.client(service).get("/openapi.json")).json()
    for path in document["paths"].values():
        for operation in path.values():
            assert operation["responses"]["429"]["headers"]["Retry-After"]["schema"]["type"] == "integer"
