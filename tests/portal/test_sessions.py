"""Sessions: what begins one, what ends it, and that nobody goes on with somebody else's."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx2
import pytest

from services.portal.domain.session_life import KEPT_ENDED, REST, WHOLE
from services.portal.jobs.cleaner import Cleaner
from services.portal.use_cases.kept_forms import KEPT
from shared.clock import utc_now
from tests.builders import Town, small_town
from tests.platform import Platform
from tests.portal.signed_in import FROM_THE_PAGE, csrf_token, portal_client, send, sign_in

MEMBERS_ONLY = "/account/organization"


async def _is_signed_in(browser: httpx2.AsyncClient) -> bool:
    return (await browser.get(MEMBERS_ONLY)).status_code == 200


async def test_a_session_is_a_cookie_that_no_script_reads_and_a_digest_in_the_database(platform: Platform) -> None:
    town = await small_town(platform)
    async with platform.browser(**FROM_THE_PAGE) as browser:
        answer = await sign_in(browser, town.adviser)
        [cookie] = answer.headers.get_list("Set-Cookie")
        secret = browser.cookies["luotsi"]
    name, *attributes = (part.strip() for part in cookie.split(";"))
    assert name == f"luotsi={secret}"
    assert set(attributes) == {"HttpOnly", "Path=/", "SameSite=lax"}  # Secure only where there is https
    assert len(secret) >= 43  # 256 bits
    kept = await platform.scalar("portal", "SELECT sessions::text FROM sessions")
    assert secret not in kept


@pytest.mark.parametrize(("after", "lasts"), [(REST - timedelta(seconds=1), True), (REST, False)])
async def test_a_session_ends_by_rest(platform: Platform, after: timedelta, lasts: bool) -> None:
    town = await small_town(platform)
    now = utc_now()
    platform.portal_clock.set(now)
    async with portal_client(platform, town.adviser) as browser:
        platform.portal_clock.set(now + after)
        assert await _is_signed_in(browser) is lasts


async def test_a_session_ends_after_half_a_day_however_much_it_is_used(platform: Platform) -> None:
    town = await small_town(platform)
    now = utc_now()
    platform.portal_clock.set(now)
    async with portal_client(platform, town.adviser) as browser:
        for minutes in range(0, int(WHOLE.total_seconds() // 60), 50):
            platform.portal_clock.set(now + timedelta(minutes=minutes))
            assert await _is_signed_in(browser), f"after {minutes} minutes"
        platform.portal_clock.set(now + WHOLE)
        assert not await _is_signed_in(browser)


async def test_signing_out_ends_the_session_itself_and_not_only_the_cookie(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.adviser) as browser:
        secret = browser.cookies["luotsi"]
        assert (await send(browser, "/sign-out")).headers["Location"] == "/"
        assert "luotsi" not in browser.cookies
        browser.cookies.set("luotsi", secret)
        assert not await _is_signed_in(browser)


async def _member_leaves(town: Town) -> None:
    await town.facts.deactivate(town.adviser)


async def _organization_leaves(town: Town) -> None:
    await town.facts.organization("navigaattori", organization_id=town.navigaattori, active=False)


@pytest.mark.parametrize("leave", [_member_leaves, _organization_leaves])
async def test_a_session_ends_with_the_member_and_with_the_organisation(
    platform: Platform, leave: Callable[[Town], Awaitable[None]]
) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.adviser) as browser:
        assert await _is_signed_in(browser)
        await leave(town)
        await platform.settle()
        assert not await _is_signed_in(browser)
        answer = await browser.post("/sign-in/account", data={"member_id": str(town.adviser.id)})
        assert answer.status_code == 404  # nor is there a new one


async def test_signing_in_gives_a_secret_that_nobody_knew_before(platform: Platform) -> None:
    town = await small_town(platform)
    async with platform.browser(**FROM_THE_PAGE) as browser:
        browser.cookies.set("luotsi", "chosen-by-somebody-else", domain="localhost.local")
        await sign_in(browser, town.adviser)
        given = [cookie.value for cookie in browser.cookies.jar]
        assert any(secret != "chosen-by-somebody-else" for secret in given)
    async with platform.browser(**FROM_THE_PAGE) as other:
        other.cookies.set("luotsi", "chosen-by-somebody-else")
        assert not await _is_signed_in(other)


async def test_signing_in_again_ends_the_session_before(platform: Platform) -> None:
    town = await small_town(platform)
    async with portal_client(platform, town.adviser) as browser, platform.browser() as other:
        before = browser.cookies["luotsi"]
        token = await csrf_token(browser)
        answer = await browser.post("/sign-in/account", data={"member_id": str(town.colleague.id), "csrf_token": token})
        assert answer.status_code == 303
        assert browser.cookies["luotsi"] != before
        other.cookies.set("luotsi", before)
        assert not await _is_signed_in(other)


async def test_a_person_switches_between_their_organisations(platform: Platform) -> None:
    town = await small_town(platform)
    elsewhere = await town.facts.member(town.adviser.email.upper(), town.kompassi, "recipient")
    stranger = town.bystander
    await platform.settle()
    async with portal_client(platform, town.adviser) as browser:
        before = browser.cookies["luotsi"]
        page = (await browser.get(MEMBERS_ONLY)).text
        assert "kompassi (en)" in page
        refused = await send(browser, MEMBERS_ONLY, member_id=str(stranger.id))
        assert refused.status_code == 404
        assert (await send(browser, MEMBERS_ONLY, member_id=str(elsewhere.id))).status_code == 303
        assert browser.cookies["luotsi"] != before
        assert "kompassi (en)" in (await browser.get("/")).text
    assert await platform.scalar("portal", "SELECT count(*) FROM sessions WHERE ended_at IS NULL") == 1


@pytest.mark.parametrize(
    "given",
    [
        *("https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "\\\\elsewhere.example"),
        *(
            "/\t/elsewhere.example",
            "javascript:alert(1)",
            "/%0d%0aSet-Cookie:x=1\r\nX: 1",
            "http:elsewhere.example",
            "",
        ),
    ],
)
async def test_after_signing_in_nobody_is_led_elsewhere(platform: Platform, given: str) -> None:
    town = await small_town(platform)
    async with platform.browser(**FROM_THE_PAGE) as browser:
        page = await browser.get("/sign-in", params={"return_to": given})
        assert 'name="return_to" value="/"' in page.text
        answer = await browser.post("/sign-in/account", data={"member_id": str(town.adviser.id), "return_to": given})
    assert (answer.status_code, answer.headers["Location"]) == (303, "/")
    assert "X" not in answer.headers


async def test_after_signing_in_the_page_that_was_asked_for_comes(platform: Platform) -> None:
    town = await small_town(platform)
    async with platform.browser(**FROM_THE_PAGE) as browser:
        led = await browser.get("/account/organization?lang=sv")
        page = await browser.get(led.headers["Location"])
        assert 'name="return_to" value="/account/organization?lang=sv"' in page.text
        answer = await browser.post(
            "/sign-in/account",
            data={"member_id": str(town.adviser.id), "return_to": "/account/organization?lang=sv"},
        )
    assert answer.headers["Location"] == "/account/organization?lang=sv"


async def test_what_was_being_sent_when_the_session_had_ended_comes_back_and_is_sent(platform: Platform) -> None:
    town = await small_town(platform)
    elsewhere = await town.facts.member(town.adviser.email, town.kompassi, "recipient")
    await platform.settle()
    now = utc_now()
    platform.portal_clock.set(now)
    async with portal_client(platform, town.adviser) as browser:
        token = await csrf_token(browser)
        platform.portal_clock.set(now + REST)
        typed = {"member_id": str(elsewhere.id), "text": "Kirjoitin <paljon>\nja pitkään", "csrf_token": token}
        led = await browser.post(f"{MEMBERS_ONLY}?sort=name&page=2", data=typed)
        assert led.headers["Location"] == "/sign-in?return_to=%2Fsession%2Fkept&ended=1"
        assert "session has ended" in (await browser.get(led.headers["Location"])).text
        kept = await platform.scalar("portal", "SELECT encode(sealed, 'escape') FROM kept_forms")
        assert "Kirjoitin" not in kept
        await browser.post("/sign-in/account", data={"member_id": str(town.adviser.id)})
        await browser.get("/session/kept")  # which may be lost on the way, or loaded again
        page = await browser.get("/session/kept")
        assert f'<form method="post" action="{MEMBERS_ONLY}?sort=name&amp;page=2">' in page.text
        assert "Kirjoitin &lt;paljon&gt;\nja pitkään" in page.text
        assert token not in page.text
        platform.portal_clock.set(now + REST + KEPT - timedelta(seconds=1))
        assert (await browser.get("/session/kept")).status_code == 200
        platform.portal_clock.set(now + REST + KEPT)
        assert (await browser.get("/session/kept")).status_code == 303


async def test_what_was_kept_is_for_the_same_member_alone(platform: Platform) -> None:
    town = await small_town(platform)
    now = utc_now()
    platform.portal_clock.set(now)
    async with portal_client(platform, town.adviser) as browser:
        token = await csrf_token(browser)
        platform.portal_clock.set(now + REST)
        await browser.post(MEMBERS_ONLY, data={"member_id": "secret words", "csrf_token": token})
        await browser.post("/sign-in/account", data={"member_id": str(town.colleague.id)})
        answer = await browser.get("/session/kept")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")


async def test_what_has_come_to_its_end_is_removed(platform: Platform) -> None:
    town = await small_town(platform)
    now = utc_now()
    platform.portal_clock.set(now)
    cleaner = Cleaner(platform.databases["portal"], platform.portal_clock)
    rows = "SELECT (SELECT count(*) FROM sessions) || ' ' || (SELECT count(*) FROM kept_forms)"
    async with portal_client(platform, town.adviser) as browser:
        token = await csrf_token(browser)
        platform.portal_clock.set(now + REST)
        await browser.post(MEMBERS_ONLY, data={"member_id": "x", "csrf_token": token})
    await cleaner.step()
    assert await platform.scalar("portal", rows) == "1 1"  # it is remembered whose session that was
    platform.portal_clock.set(now + REST + KEPT)
    await cleaner.step()
    assert await platform.scalar("portal", rows) == "1 0"
    platform.portal_clock.set(now + REST + KEPT_ENDED + timedelta(seconds=1))
    await cleaner.step()
    assert await platform.scalar("portal", rows) == "0 0"


async def test_nothing_is_kept_of_what_strangers_send(platform: Platform) -> None:
    await small_town(platform)
    async with portal_client(platform) as browser:
        browser.cookies.set("luotsi", "no-session-of-anybody")
        led = await browser.post(MEMBERS_ONLY, data={"text": "x" * 1000})
        assert led.status_code == 303
    assert await platform.scalar("portal", "SELECT count(*) FROM kept_forms") == 0
