"""A provider, or somebody in between, that answers wrongly: each wrong answer opens nothing and says what is wrong."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx2
from sqlalchemy import update
from sqlmodel import col

from services.portal.domain.lifetimes import PROVIDER
from services.portal.tables import LinkedIdentity, Provider
from shared.clock import utc_now
from tests.builders import Town, small_town
from tests.platform import Platform
from tests.portal.entering import browser, press, who
from tests.portal.providers import CLIENT_ID, CLIENT_SECRET, Crooked, crooked
from tests.portal.signed_in import portal_client

ADVISER = "adviser@navigaattori.example"
LEAVE = "/sign-in/at/navigaattori"


@asynccontextmanager
async def in_use(platform: Platform) -> AsyncIterator[tuple[Town, Crooked]]:
    """Navigaattori with a crooked provider in use, to which its adviser is `somebody`."""
    town = await small_town(platform)
    boss = await town.facts.member("boss@navigaattori.example", town.navigaattori, "admin")
    await platform.settle()
    async with crooked() as provider:
        page = f"/organizations/{town.navigaattori}/sign-in"
        async with portal_client(platform, boss) as opened:
            typed = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "version": "0"}
            assert (await press(opened, page, **typed)).status_code == 303
            left = await opened.get(f"{page}/test")
            await opened.get(provider.send_back(left.headers["Location"]))
            assert (await press(opened, f"{page}/use", use="true")).status_code == 303
        async with platform.databases["portal"].transaction() as tx:
            tx.insert(
                LinkedIdentity(
                    organization_id=town.navigaattori,
                    issuer=provider.issuer,
                    subject="somebody",
                    member_id=town.adviser.id,
                    linked_at=utc_now(),
                )
            )
        yield town, provider


async def come_back(opened: httpx2.AsyncClient, provider: Crooked, **changes: str) -> httpx2.Response:
    """Leave for the provider and come back with its answer."""
    left = await opened.get(LEAVE)
    assert left.status_code == 303, left.text
    return await opened.get(provider.send_back(left.headers["Location"], **changes))


async def test_the_right_answer_gets_in_and_says_what_the_standard_asks_for(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened:
        left = await opened.get(LEAVE)
        query = httpx2.URL(left.headers["Location"]).params
        assert (query["code_challenge_method"], query["response_type"]) == ("S256", "code")
        assert set(query["scope"].split()) == {"openid", "profile", "email"}
        assert len(query["state"]) >= 43
        assert len(query["nonce"]) >= 43
        answer = await opened.get(provider.send_back(left.headers["Location"]))
        assert answer.headers["Location"] == "/"
        assert await who(opened) == ADVISER
        asked = provider.asked[-1]
        assert len(asked["code_verifier"]) >= 43
        assert asked["redirect_uri"] == "http://localhost:8000/sign-in/provider/answer"
        assert asked["authorization"].startswith("Basic ")


_SIGNED_BY = "id_token_signing_alg_values_supported"
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"claims": {"iss": "https://elsewhere.example"}}, "bad_claim iss"),
    ({"claims": {"aud": "another"}}, "bad_claim aud"),
    ({"claims": {"aud": ["another", "third"], "azp": CLIENT_ID}}, "bad_claim aud"),
    ({"claims": {"aud": [CLIENT_ID, "another"], "azp": "another"}}, "bad_claim azp"),
    ({"claims": {"nonce": "another"}}, "bad_claim nonce"),
    ({"claims": {"nonce": None}}, "bad_claim nonce"),
    ({"claims": {"exp": 1_700_000_000}}, "bad_claim exp"),
    ({"claims": {"exp": None}}, "bad_claim exp"),
    ({"claims": {"sub": None}}, "bad_claim sub"),
    ({"claims": {"sub": 7}}, "bad_claim sub"),
    ({"claims": {"nbf": 4_000_000_000}}, "bad_claim nbf"),
    ({"claims": {"iat": 4_000_000_000}}, "bad_claim iat"),
    ({"claims": {"amr": ["pwd"]}}, "one_factor"),
    ({"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}}, "bad_claim at_hash"),
    ({"signs": "none"}, "bad_signature"),
    ({"signs": "secret"}, "bad_signature"),
    ({"signs": "other"}, "bad_signature"),
    ({"signs": "none", "document": {_SIGNED_BY: ["none"]}}, "no_algorithm"),
    (
        {"signs": "secret", "document": {"id_token_signing_alg_values_supported": ["HS256", "RS256"]}},
        "bad_signature",
    ),
    ({"document": {"issuer": "https://elsewhere.example"}}, "other_issuer"),
    ({"document": {"token_endpoint": None}}, "missing token_endpoint"),
    ({"document": {"jwks_uri": "http://elsewhere.example/keys"}}, "unfit_address jwks_uri"),
    ({"document": {"token_endpoint": "file:///etc/passwd"}}, "unfit_address token_endpoint"),
    ({"document": {"code_challenge_methods_supported": ["plain"]}}, "no_pkce"),
    ({"document": {"response_types_supported": ["id_token"]}}, "no_code_flow"),
    ({"document": {"authorization_response_iss_parameter_supported": True}}, "other_issuer_answered"),
    ({"token": {"error": "invalid_grant"}}, "token_refused invalid_grant"),
    ({"token": {"access_token": "a", "token_type": "Bearer"}}, "no_id_token"),
    ({"token": {"id_token": "a.b.c", "access_token": "a", "token_type": "Bearer"}}, "bad_signature"),
    ({"status": 500}, "status 500"),
]
"""What is wrong with a provider's answer, and what is said of it"""


async def test_a_wrong_answer_of_a_provider_opens_nothing(platform: Platform) -> None:
    got_in, said = [], {}
    async with in_use(platform) as (_, provider):
        for wrong, _ in WRONG:
            async with browser(platform) as opened:
                left = await opened.get(LEAVE)
                back = provider.send_back(left.headers["Location"])
                right = {name: getattr(provider, name) for name in wrong}
                for name, value in wrong.items():
                    setattr(provider, name, value)
                answer = await opened.get(back)
                shown = re.search(r"<code>([^<]*)</code>", answer.text)
                said[str(wrong)] = (answer.status_code, shown and shown[1])
                if await who(opened) is not None:
                    got_in.append(wrong)
                for name, value in right.items():
                    setattr(provider, name, value)
        async with browser(platform) as opened:
            assert (await come_back(opened, provider)).headers["Location"] == "/"
    assert got_in == []
    assert said == {str(wrong): (403, reason) for wrong, reason in WRONG}


async def test_a_tampered_way_back_opens_nothing(platform: Platform) -> None:
    async with in_use(platform) as (_, provider):
        for changes in (
            {"state": "another"},
            {"state": ""},
            {"error": "access_denied"},
            {"error": "<script>alert(1)</script>"},
            {"iss": "https://elsewhere.example"},
            {"code": ""},
        ):
            async with browser(platform) as opened:
                answer = await come_back(opened, provider, **changes)
                assert answer.status_code in (403, 410), changes
                assert "<script>alert" not in answer.text
                assert await who(opened) is None, changes


async def test_the_way_back_works_once_and_in_the_browser_that_left(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened, browser(platform) as thief:
        left = await opened.get(LEAVE)
        back = provider.send_back(left.headers["Location"])
        await thief.get(LEAVE)
        assert (await thief.get(back)).status_code == 410
        assert (await opened.get(f"{back}&state=another")).status_code == 410
        assert (await opened.get(back)).status_code == 303
        assert (await opened.get(back)).status_code == 410
        assert await who(thief) is None


async def test_the_way_back_holds_for_a_quarter_of_an_hour(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened:
        left = await opened.get(LEAVE)
        platform.portal_clock.set(platform.portal_clock() + PROVIDER + timedelta(seconds=1))
        assert (await opened.get(provider.send_back(left.headers["Location"]))).status_code == 410


async def test_an_identity_of_one_organisation_opens_nothing_of_another(platform: Platform) -> None:
    """The same provider may serve two organisations: an identity is linked in one of them."""
    async with in_use(platform) as (town, provider), browser(platform) as opened:
        async with platform.databases["portal"].transaction() as tx:
            own = await tx.get_one(Provider, town.navigaattori)
            tx.insert(Provider(**{**own.model_dump(), "organization_id": town.business, "sealed_secret": None}))
        left = await opened.get("/sign-in/provider/business-kuopio")
        answer = await opened.get(provider.send_back(left.headers["Location"]))
        assert answer.headers["Location"] == "/sign-in/linking"
        assert await who(opened) is None


async def test_a_provider_that_changed_while_somebody_was_there_lets_nobody_in(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened:
        left = await opened.get(LEAVE)
        async with platform.databases["portal"].transaction() as tx:
            await tx.execute(update(Provider).values(version=col(Provider.version) + 1))
        assert (await opened.get(provider.send_back(left.headers["Location"]))).status_code == 410


async def test_a_provider_that_is_away_is_said_to_be(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened:
        async with platform.databases["portal"].transaction() as tx:
            await tx.execute(update(Provider).values(issuer="http://localhost:9"))
        answer = await opened.get(LEAVE)
        assert (answer.status_code, "unreachable connection" in answer.text) == (502, True)
        assert provider.asked[1:] == []


async def test_no_organisation_without_a_provider_is_left_for_one(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        for slug in ("navigaattori", "nowhere"):
            assert (await opened.get(f"/sign-in/provider/{slug}")).status_code == 404


async def test_a_provider_leads_nobody_elsewhere_afterwards(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened:
        left = await opened.get(LEAVE, params={"return_to": "//elsewhere.example/"})
        answer = await opened.get(provider.send_back(left.headers["Location"]))
        assert answer.headers["Location"] == "/"
