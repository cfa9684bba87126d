"""The account page: recovery codes, sessions to see and to end, organisations to change between, and a reset."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2
import pytest

from services.portal.domain.lifetimes import LIMITS, RECOVERY_CODES
from services.portal.jobs.cleaner import Cleaner
from services.portal.pages.devices import device_name
from tests.builders import Town, names, small_town
from tests.platform import Platform
from tests.portal.entering import Phone, ask, browser, come_back, enrol, mails, press, prove_mail, recovery_codes, who
from tests.portal.signed_in import portal_client

ADVISER = "adviser@navigaattori.example"
DESK = "desk@businesskuopio.example"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"


@asynccontextmanager
async def desk_with_codes(platform: Platform) -> AsyncIterator[tuple[Town, httpx2.AsyncClient, Phone, list[str]]]:
    """The desk in a browser, with its phone and its recovery codes."""
    town = await small_town(platform)
    async with browser(platform) as opened:
        phone = await enrol(platform, opened, DESK)
        yield town, opened, phone, recovery_codes((await opened.get("/account/recovery-codes")).text)


async def _with_recovery_code(platform: Platform, opened: httpx2.AsyncClient, code: str) -> httpx2.Response:
    await prove_mail(platform, opened, DESK)
    return await opened.post("/sign-in/recovery", data={"code": code})


async def test_a_recovery_code_gets_in_once_ends_the_other_sessions_and_is_told(platform: Platform) -> None:
    async with desk_with_codes(platform) as (_, first, _, codes), browser(platform) as second:
        answer = await _with_recovery_code(platform, second, codes[0].upper().replace("-", " "))
        assert answer.headers["Location"] == "/account?recovered=1"
        assert "9 recovery codes left" in (await second.get("/account?recovered=1")).text
        assert await who(first) is None
        assert await who(second) == DESK
        assert (
            mails(platform, DESK)[-1]["Subject"] == "Somebody signed in to your account in Luotsi with a recovery code"
        )
        async with browser(platform) as third:
            assert (await _with_recovery_code(platform, third, codes[0])).status_code == 422
            assert await who(third) is None


async def test_recovery_codes_are_guessed_in_vain(platform: Platform) -> None:
    async with desk_with_codes(platform) as (_, _, _, codes), browser(platform) as opened:
        await prove_mail(platform, opened, DESK)
        most = LIMITS["recovery_code"].most
        answers = [
            (await opened.post("/sign-in/recovery", data={"code": f"aaaa-bbbb-{number:04d}"})).status_code
            for number in range(most + 1)
        ]
        assert answers == [422] * most + [429]
        assert (await opened.post("/sign-in/recovery", data={"code": codes[0]})).status_code == 429
        assert await who(opened) is None


async def test_somebody_else_s_recovery_code_opens_nothing(platform: Platform) -> None:
    async with desk_with_codes(platform) as (_, _, _, codes), browser(platform) as other, browser(platform) as again:
        await enrol(platform, other, ADVISER)
        await prove_mail(platform, again, ADVISER)
        assert (await again.post("/sign-in/recovery", data={"code": codes[0]})).status_code == 422


async def test_fresh_codes_take_the_place_of_the_former_ones_and_are_shown_in_this_browser_alone(
    platform: Platform,
) -> None:
    async with desk_with_codes(platform) as (_, opened, phone, former), browser(platform) as other:
        await press(opened, "/account/recovery-codes/kept")
        answer = await press(opened, "/account/recovery-codes/new")
        assert answer.headers["Location"].startswith("/account/recovery-codes")
        fresh = recovery_codes((await opened.get("/account/recovery-codes")).text)
        assert (len(fresh), set(fresh) & set(former)) == (10, set())
        await come_back(platform, other, DESK, phone)
        assert recovery_codes((await other.get("/account/recovery-codes")).text) == []
        async with browser(platform) as third:
            assert (await _with_recovery_code(platform, third, former[1])).status_code == 422
        platform.portal_clock.set(platform.portal_clock() + RECOVERY_CODES)
        assert recovery_codes((await opened.get("/account/recovery-codes")).text) == []


async def test_an_administrator_takes_away_what_a_member_has_lost(platform: Platform) -> None:
    async with desk_with_codes(platform) as (town, opened, phone, codes), browser(platform) as again:
        boss = await town.facts.member("boss@businesskuopio.example", town.business, "admin")
        await platform.settle()
        page = f"/members/{town.desk.id}/sign-in"
        async with portal_client(platform, boss) as theirs:
            assert (await theirs.get(page)).status_code == 200
            answer = await press(theirs, f"{page}/reset")
            assert answer.headers["Location"] == f"{page}?done=1"
        assert await who(opened) is None
        told = mails(platform, DESK)[-1]
        assert told["Subject"] == "What you sign in to Luotsi with was taken away"
        await prove_mail(platform, again, DESK)
        assert 'id="secret"' in (await again.get("/sign-in/second")).text  # and begins anew
        assert (await again.post("/sign-in/second", data={"code": phone.code()})).status_code == 422
        assert (await again.post("/sign-in/recovery", data={"code": codes[0]})).status_code == 422


async def test_one_organisation_does_not_take_away_what_is_another_s_as_well(platform: Platform) -> None:
    town = await small_town(platform)
    boss = await town.facts.member("boss@businesskuopio.example", town.business, "admin")
    luotsi = await town.facts.organization("luotsi")
    operator = await town.facts.member("admin@luotsi.example", luotsi, "admin")
    await town.facts.member(DESK, town.kompassi, "recipient")
    await platform.settle()
    page = f"/members/{town.desk.id}/sign-in"
    async with portal_client(platform, boss) as theirs:
        assert "member of another organisation" in (await theirs.get(page)).text
        assert (await press(theirs, f"{page}/reset")).status_code == 403
    async with portal_client(platform, operator) as theirs:
        assert (await press(theirs, f"{page}/reset")).status_code == 303


async def test_a_coordinator_is_let_in_anew_by_the_platform_alone(platform: Platform) -> None:
    town = await small_town(platform)
    boss = await town.facts.member("boss@businesskuopio.example", town.business, "admin")
    coordinator = await town.facts.member("coordinator@businesskuopio.example", town.business, "coordinator")
    await platform.settle()
    page = f"/members/{coordinator.id}/sign-in"
    async with portal_client(platform, boss) as theirs:
        assert "The person is a coordinator" in (await theirs.get(page)).text
        assert (await press(theirs, f"{page}/reset")).status_code == 403


async def test_sessions_are_seen_and_ended(platform: Platform) -> None:
    async with (
        desk_with_codes(platform) as (_, first, phone, _),
        browser(platform, **{"User-Agent": FIREFOX}) as second,
        browser(platform) as third,
    ):
        await come_back(platform, second, DESK, phone)
        await come_back(platform, third, DESK, phone)
        page = (await first.get("/account")).text
        assert "Firefox, Windows" in page
        session = await platform.scalar("portal", "SELECT id FROM sessions WHERE device LIKE '%Firefox%'")
        assert (await press(first, f"/account/sessions/{session}/end")).headers["Location"] == "/account#sessions"
        assert [await who(each) for each in (first, second, third)] == [DESK, None, DESK]
        await press(third, "/account/sessions/end-others")
        assert [await who(each) for each in (first, second, third)] == [None, None, DESK]


async def test_somebody_else_s_session_is_not_ended(platform: Platform) -> None:
    async with desk_with_codes(platform) as (_, opened, _, _), browser(platform) as other:
        await enrol(platform, other, ADVISER)
        session = await platform.scalar(
            "portal", "SELECT id FROM sessions WHERE member_id IN (SELECT id FROM members WHERE email = :e)", e=DESK
        )
        await press(other, f"/account/sessions/{session}/end")
        await press(other, "/account/sessions/end-others")
        assert await who(opened) == DESK


async def _organization(opened: httpx2.AsyncClient) -> str:
    """The organisation that stands in the head of every page."""
    found = re.search(r'class="header-organization">([^<]+)<', (await opened.get("/account")).text)
    assert found is not None
    return found[1]


async def test_a_member_of_two_organisations_chooses_and_changes_between_them(platform: Platform) -> None:
    town = await small_town(platform)
    twin = await town.facts.member(DESK, town.kompassi, "recipient")
    await platform.settle()
    platform.portal_clock.set(platform.portal_clock())
    async with browser(platform) as opened, browser(platform) as again:
        await prove_mail(platform, opened, DESK)
        page = await opened.get("/sign-in/second")
        phone = Phone(platform, page.text.partition('id="secret">')[2].partition("<")[0].replace(" ", ""))
        answer = await opened.post("/sign-in/second/app", data={"code": phone.code()})
        assert answer.headers["Location"] == "/sign-in/organization"
        page = await opened.get("/sign-in/organization")
        assert ("choose-business-kuopio" in page.text, "choose-kompassi" in page.text) == (True, True)
        stranger = await opened.post("/sign-in/organization", data={"member_id": str(town.adviser.id)})
        assert stranger.headers["Location"] == "/sign-in/organization"
        answer = await opened.post("/sign-in/organization", data={"member_id": str(twin.id)})
        assert answer.headers["Location"].startswith("/account/recovery-codes")
        assert await _organization(opened) == names("kompassi").en
        former = opened.cookies["luotsi"]
        await press(opened, "/account/organization", member_id=str(town.desk.id))
        assert opened.cookies["luotsi"] != former
        assert await _organization(opened) == names("business-kuopio").en
        assert (await press(opened, "/account/organization", member_id=str(town.adviser.id))).status_code == 404
        await town.facts.deactivate(twin)
        await platform.settle()
        phone.wait()
        assert (await come_back(platform, again, DESK, phone)).headers["Location"] == "/"  # one is left


async def test_what_is_over_is_removed(platform: Platform) -> None:
    async with desk_with_codes(platform), browser(platform) as other:
        await ask(other, ADVISER)
        cleaner = Cleaner(platform.databases["portal"], platform.portal_clock)
        await cleaner.step()
        assert await platform.scalar("portal", "SELECT count(*) FROM attempts") > 0
        platform.portal_clock.set(platform.portal_clock() + RECOVERY_CODES * 2)
        await cleaner.step()
        assert await platform.scalar("portal", "SELECT count(*) FROM attempts") == 0
        assert await platform.scalar("portal", "SELECT count(*) FROM counts") == 0
        assert await platform.scalar("portal", "SELECT count(*) FROM authenticators") == 1


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox, Windows"),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/142.0 Mobile Safari/537.36", "Chrome, Android"),
        ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge, Linux"),
        ("<script>alert(1)</script>", ""),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
