"""What somebody signs in with is changed by who has just shown to be that person, and not by an open browser."""

from datetime import timedelta

import httpx2
import pytest

from services.portal.domain.session_life import FRESH, WHOLE
from tests.builders import small_town
from tests.platform import Platform
from tests.portal.device import Device
from tests.portal.entering import Phone, browser, enrol, mails, press, prove_mail, recovery_codes, who
from tests.portal.signed_in import csrf_token

DESK = "desk@businesskuopio.example"
ADVISER = "adviser@navigaattori.example"
CHANGES = (
    "/account/passkeys/options",
    "/account/passkeys",
    "/account/app",
    "/account/app/remove",
    "/account/recovery-codes/new",
)


def later(platform: Platform, by: timedelta = FRESH) -> None:
    platform.portal_clock.set(platform.portal_clock() + by)


async def prove(opened: httpx2.AsyncClient, code: str, return_to: str = "/account") -> httpx2.Response:
    return await press(opened, "/account/prove", code=code, return_to=return_to)


@pytest.mark.parametrize("path", CHANGES)
async def test_every_change_asks_again_after_some_minutes(platform: Platform, path: str) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, DESK)
        later(platform)
        opened.headers["Referer"] = "http://localhost:8000/account"
        answer = await press(opened, path)
        assert answer.headers["Location"] == "/account/prove?return_to=%2Faccount"
        kinds = [mail["Subject"] for mail in mails(platform, DESK)]
        assert len(kinds) == 2, "nothing was changed, nothing is told"
        assert await platform.scalar("portal", "SELECT count(*) FROM authenticators") == 1


async def test_a_code_of_the_app_opens_changes_for_some_minutes_and_works_once(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        phone = await enrol(platform, opened, DESK)
        former = recovery_codes((await opened.get("/account/recovery-codes")).text)
        later(platform)
        assert 'id="add-passkey"' in (await opened.get("/account")).text, "the page says so before"
        assert (await opened.get("/account/app")).headers["Location"] == "/account/prove?return_to=%2Faccount%2Fapp"
        page = await opened.get("/account/prove?return_to=/account/app")
        assert 'name="code"' in page.text
        wrong = f"{(int(phone.code()) + 1) % 10**6:06d}"
        assert (await prove(opened, wrong)).status_code == 422
        code = phone.code()
        assert (await prove(opened, code, "/account/app")).headers["Location"] == "/account/app"
        assert (await press(opened, "/account/recovery-codes/new")).headers["Location"].startswith("/account/recovery")
        assert set(recovery_codes((await opened.get("/account/recovery-codes")).text)).isdisjoint(former)
        later(platform, FRESH - timedelta(seconds=1))
        assert (await opened.get("/account/app")).status_code == 200
        later(platform, timedelta(seconds=1))
        assert (await opened.get("/account/app")).status_code == 303
        assert (await prove(opened, code)).status_code == 422, "a code that was seen over a shoulder"


async def test_an_app_that_is_lost_is_removed_without_a_code_of_it(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as again:
        phone = await enrol(platform, opened, DESK)
        codes = recovery_codes((await opened.get("/account/recovery-codes")).text)
        await prove_mail(platform, again, DESK)
        await again.post("/sign-in/recovery", data={"code": codes[0]})
        assert (await press(again, "/account/app/remove")).headers["Location"] == "/account"
        assert mails(platform, DESK)[-1]["Subject"] == "The authenticator app of your account in Luotsi was removed"
        page = await again.get("/account/app")
        fresh = Phone(platform, page.text.partition('id="secret">')[2].partition("<")[0].replace(" ", ""))
        assert fresh.secret != phone.secret
        assert (await press(again, "/account/app", code=fresh.code())).headers["Location"] == "/account"


async def test_a_passkey_proves_it_too_and_somebody_else_s_does_not(platform: Platform) -> None:
    await small_town(platform)
    own, other = Device(), Device()
    async with browser(platform) as opened, browser(platform) as second:
        for each, device, email in ((opened, own, DESK), (second, other, ADVISER)):
            await enrol(platform, each, email)
            answer = await press(each, "/account/passkeys/options")
            made = await press(each, "/account/passkeys", credential=device.make(answer.json()))
            assert made.status_code == 303, made.text
        later(platform)
        passkey = await platform.scalar(
            "portal", "SELECT k.id FROM passkeys k JOIN people p ON p.id = k.person_id WHERE p.address = :a", a=DESK
        )
        removing = f"/account/passkeys/{passkey}/remove"
        assert (await press(opened, removing)).headers["Location"].startswith("/account/prove")
        for device, status in ((other, 422), (own, 303)):
            asked = (await press(opened, "/account/prove/passkey/options")).json()
            answer = await press(opened, "/account/prove/passkey", credential=device.use(asked))
            assert answer.status_code == status, answer.text
        assert (await press(opened, removing)).headers["Location"] == "/account#passkeys"


async def test_an_administrator_shows_it_too_before_changing_how_others_sign_in(platform: Platform) -> None:
    town = await small_town(platform)
    boss = await town.facts.member("boss@businesskuopio.example", town.business, "admin")
    await platform.settle()
    member = f"/members/{town.desk.id}/sign-in"
    provider = f"/organizations/{town.business}/sign-in"
    typed = {"issuer": "https://login.example.org", "client_id": "luotsi", "client_secret": "s", "version": "0"}
    async with browser(platform) as opened:
        phone = await enrol(platform, opened, boss.email)
        assert (await press(opened, provider, **typed)).headers["Location"] == f"{provider}#test"
        later(platform)
        for path in (f"{member}/reset", f"{provider}/use", f"{provider}/remove"):
            opened.headers["Referer"] = f"http://localhost:8000{path.rpartition('/')[0]}"
            assert (await press(opened, path)).headers["Location"].startswith("/account/prove?return_to="), path
        assert 'id="prove"' in (await opened.get(provider)).text, "the page says so before"
        refused = await press(opened, provider, **typed | {"client_id": "another", "version": "1"})
        assert refused.status_code == 403
        assert 'value="another"' in refused.text, "what was typed is still there"
        assert await platform.scalar("portal", "SELECT client_id FROM providers") == "luotsi"
        assert (await prove(opened, phone.code(), provider)).headers["Location"] == provider
        assert (await press(opened, f"{provider}/remove")).headers["Location"] == provider
        assert (await press(opened, f"{member}/reset")).headers["Location"] == f"{member}?done=1"
        page = (await opened.get(member)).text
        assert f'href="/organizations/{town.business}/members/{town.desk.id}"' in page, "and back to the member"


async def test_wrong_codes_are_counted_with_those_of_signing_in(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        phone = await enrol(platform, opened, DESK)
        later(platform)
        wrong = f"{(int(phone.code()) + 1) % 10**6:06d}"
        assert [(await prove(opened, wrong)).status_code for _ in range(11)] == [422] * 10 + [429]
        assert (await prove(opened, phone.code())).status_code == 429
        assert (await opened.get("/account/app")).status_code == 303


async def test_nobody_is_led_elsewhere_after_it(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        phone = await enrol(platform, opened, DESK)
        away = "https://elsewhere.example/"
        assert (await opened.get("/account/prove", params={"return_to": away})).headers["Location"] == "/"
        later(platform)
        assert (await prove(opened, phone.code(), "//elsewhere.example")).headers["Location"] == "/"


async def test_changing_the_organisation_makes_nothing_fresh_and_no_session_longer(platform: Platform) -> None:
    town = await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, DESK)
        twin = await town.facts.member(DESK, town.kompassi, "recipient")
        await platform.settle()
        later(platform)
        await press(opened, "/account/organization", member_id=str(twin.id))
        assert (await opened.get("/account/app")).headers["Location"].startswith("/account/prove")
        for _ in range(int((WHOLE - FRESH) / timedelta(minutes=30))):
            later(platform, timedelta(minutes=30))
            assert await who(opened) == DESK
        other = {"member_id": str(town.desk.id)}
        assert (
            await opened.post("/account/organization", data=other | {"csrf_token": await csrf_token(opened)})
        ).status_code == 303
        later(platform, timedelta(minutes=30))
        assert await who(opened) is None
