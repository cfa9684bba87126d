"""Signing out at the organisation's provider too: offered where the provider offers it, and by who came from there."""

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from services.portal.domain.lifetimes import PROVIDER
from tests.platform import Platform
from tests.portal.entering import browser, press, who
from tests.portal.providers import CLIENT_ID, REDIRECT_URI, Crooked, canaille
from tests.portal.signed_in import portal_client
from tests.portal.test_sign_in_crooked_provider import come_back, in_use
from tests.portal.test_sign_in_provider import linked, organization

ADVISER = "adviser@navigaattori.example"
BOSS = "boss@navigaattori.example"
LEAVE = "/sign-in/at/navigaattori"
WAY_OUT = "/sign-out/provider"


async def signed_in_by_it(opened: httpx2.AsyncClient, provider: Crooked, end_session: str | None = None) -> None:
    provider.document = {"end_session_endpoint": end_session or f"{provider.issuer}/end"}
    assert (await come_back(opened, provider)).headers["Location"] == "/"
    assert await who(opened) == ADVISER


async def test_on_a_shared_computer_one_signs_out_there_too(platform: Platform) -> None:
    with canaille([ADVISER, BOSS], "password", "otp") as provider:
        async with (
            organization(platform) as place,
            browser(platform) as first,
            browser(platform) as opened,
            httpx2.AsyncClient(trust_env=False) as there,
        ):
            await place.take_into_use(provider)
            await linked(platform, first, provider, ADVISER)
            left = (await opened.get(LEAVE)).headers["Location"]
            await opened.get(await provider.answer(there, left, "adviser"))
            assert await who(opened) == ADVISER
            answer = await press(opened, "/sign-out")
            assert answer.headers["Location"] == "/signed-out?lang=fi"
            assert f'href="{WAY_OUT}"' in (await opened.get(answer.headers["Location"])).text
            again = (await opened.get(LEAVE)).headers["Location"]
            assert (await provider.answer(there, again)).startswith(REDIRECT_URI), "signed out here alone"
            out = (await opened.get(WAY_OUT)).headers["Location"]
            back = await provider.answer(there, out)
            assert back.startswith(REDIRECT_URI)
            answer = await opened.get(back)
            assert answer.headers["Location"] == "/signed-out?everywhere=1"
            assert "sent you back from signing out" in (await opened.get(answer.headers["Location"])).text
            again = (await opened.get(LEAVE)).headers["Location"]
            with pytest.raises(AssertionError, match="asks who it is"):
                await provider.answer(there, again)


async def test_the_provider_is_told_what_the_standard_asks_for_once_and_by_this_browser(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened, browser(platform) as other:
        await signed_in_by_it(opened, provider, f"{provider.issuer}/end?realm=1")
        kept = await platform.scalar("portal", "SELECT string_agg(s::text, '') FROM sessions s")
        assert CLIENT_ID.encode().hex() not in kept
        assert b"id_token".hex() not in kept
        await press(opened, "/sign-out")
        assert (await other.get(WAY_OUT)).headers["Location"] == "/signed-out"
        out = urlsplit((await opened.get(WAY_OUT)).headers["Location"])
        assert f"{out.scheme}://{out.netloc}{out.path}" == f"{provider.issuer}/end"
        told = {name: value for name, [value] in parse_qs(out.query).items()}
        assert told.pop("id_token_hint").count(".") == 2
        assert told == {
            "realm": "1",
            "client_id": CLIENT_ID,
            "post_logout_redirect_uri": REDIRECT_URI,
            "state": "signed-out",
        }
        assert (await opened.get(WAY_OUT)).headers["Location"] == "/signed-out"


async def test_the_offer_ends_after_a_quarter_of_an_hour(platform: Platform) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened:
        await signed_in_by_it(opened, provider)
        await press(opened, "/sign-out")
        platform.portal_clock.set(platform.portal_clock() + PROVIDER)
        assert WAY_OUT not in (await opened.get("/signed-out")).text
        assert (await opened.get(WAY_OUT)).headers["Location"] == "/signed-out"


@pytest.mark.parametrize("address", ["http://elsewhere.example/end", "javascript:alert(1)", "//elsewhere.example/end"])
async def test_an_address_that_is_none_is_not_offered_and_keeps_nobody_out(platform: Platform, address: str) -> None:
    async with in_use(platform) as (_, provider), browser(platform) as opened:
        await signed_in_by_it(opened, provider, address)
        assert (await press(opened, "/sign-out")).headers["Location"] == "/"


async def test_where_the_provider_offers_nothing_or_was_not_come_from_sign_out_is_here_alone(
    platform: Platform,
) -> None:
    async with in_use(platform) as (town, provider), browser(platform) as opened:
        assert (await come_back(opened, provider)).headers["Location"] == "/"
        assert (await press(opened, "/sign-out")).headers["Location"] == "/"
        assert (await opened.get("/signed-out")).status_code == 200
        async with portal_client(platform, town.desk) as desk:
            assert (await press(desk, "/sign-out")).headers["Location"] == "/"
