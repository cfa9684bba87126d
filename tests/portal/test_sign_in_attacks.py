"""What somebody tries who wants in: one thing many times at once, another host, a wrong clock, a planted cookie."""

import asyncio
from datetime import timedelta

import httpx2
import pytest

from tests.builders import small_town
from tests.platform import Platform
from tests.portal.entering import (
    ask,
    browser,
    come_back,
    enrol,
    mail_code,
    mail_link,
    mails,
    press,
    prove_mail,
    recovery_codes,
    who,
)
from tests.portal.providers import CLIENT_ID, CLIENT_SECRET, crooked
from tests.portal.signed_in import portal_client

DESK = "desk@businesskuopio.example"
ADVISER = "adviser@navigaattori.example"


def twin_of(platform: Platform, opened: httpx2.AsyncClient) -> httpx2.AsyncClient:
    """A second window of the same browser, or somebody who has copied its cookies."""
    twin = platform.browser(**dict(opened.headers))
    twin.cookies.update(opened.cookies)
    return twin


async def at_once(
    platform: Platform, opened: httpx2.AsyncClient, path: str, times: int = 5, **fields: str
) -> list[httpx2.Response]:
    windows = [twin_of(platform, opened) for _ in range(times)]
    return await asyncio.gather(*(each.post(path, data=fields) for each in windows))


async def sessions(platform: Platform) -> int:
    return int(await platform.scalar("portal", "SELECT count(*) FROM sessions WHERE ended_at IS NULL"))


async def test_a_link_that_is_used_many_times_at_once_works_once(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await ask(opened, DESK)
        await at_once(platform, opened, mail_link(mails(platform, DESK)[-1]))
        assert await platform.scalar("portal", "SELECT count(*) FROM attempts WHERE kind = 'proof'") == 1


async def test_a_code_of_a_mail_that_is_typed_many_times_at_once_works_once(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await ask(opened, DESK)
        await at_once(platform, opened, "/sign-in/code", code=mail_code(mails(platform, DESK)[-1]))
        assert await platform.scalar("portal", "SELECT count(*) FROM attempts WHERE kind = 'proof'") == 1


async def test_a_code_of_the_app_opens_one_session_however_often_it_is_sent_at_once(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as opened, browser(platform) as other:
        phone = await enrol(platform, first, DESK)
        phone.wait()
        for each in (opened, other):
            await prove_mail(platform, each, DESK)
        before = await sessions(platform)
        await asyncio.gather(
            *(at_once(platform, each, "/sign-in/second", 3, code=phone.code()) for each in (opened, other))
        )
        assert await sessions(platform) == before + 1


async def test_a_recovery_code_opens_one_session_however_often_it_is_sent_at_once(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as opened, browser(platform) as other:
        await enrol(platform, first, DESK)
        codes = recovery_codes((await first.get("/account/recovery-codes")).text)
        for each in (opened, other):
            await prove_mail(platform, each, DESK)
        await asyncio.gather(
            *(at_once(platform, each, "/sign-in/recovery", 3, code=codes[0]) for each in (opened, other))
        )
        assert await sessions(platform) == 1
        assert await platform.scalar("portal", "SELECT count(*) FROM recovery_codes WHERE used_at IS NOT NULL") == 1


async def test_wrong_codes_that_are_sent_at_once_are_counted_each(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as opened:
        phone = await enrol(platform, first, DESK)
        await prove_mail(platform, opened, DESK)
        wrong = f"{(int(phone.code()) + 1) % 10**6:06d}"
        answers = await at_once(platform, opened, "/sign-in/second", 14, code=wrong)
        assert sorted(each.status_code for each in answers) == [422] * 10 + [429] * 4


async def test_wrong_codes_of_a_mail_that_are_typed_at_once_are_counted_each(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await ask(opened, DESK)
        right = mail_code(mails(platform, DESK)[-1])
        wrong = f"{(int(right.replace(' ', '')) + 1) % 10**8:08d}"
        await at_once(platform, opened, "/sign-in/code", 8, code=wrong)
        assert (await opened.post("/sign-in/code", data={"code": right})).status_code == 422


@pytest.mark.parametrize(
    ("off", "gets_in"), [(-61, False), (-30, True), (-29, True), (29, True), (30, True), (61, False)]
)
async def test_the_phone_s_clock_may_be_half_a_minute_off(platform: Platform, off: int, *, gets_in: bool) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as opened:
        phone = await enrol(platform, first, DESK)
        platform.portal_clock.set(platform.portal_clock() + timedelta(minutes=3))
        await prove_mail(platform, opened, DESK)
        await opened.post("/sign-in/second", data={"code": phone.code(timedelta(seconds=off))})
        assert (await who(opened) == DESK) is gets_in


async def test_an_address_is_the_same_however_it_is_written(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as opened:
        phone = await enrol(platform, first, DESK)
        phone.wait()
        await ask(opened, f"  {DESK.upper()} ")
        await opened.post(mail_link(mails(platform, DESK)[-1]))
        assert "second" in (await opened.get("/sign-in/second")).text
        await opened.post("/sign-in/second", data={"code": phone.code()})
        assert await who(opened) == DESK
        assert await platform.scalar("portal", "SELECT count(*) FROM people") == 1
        for number in range(8):  # nor does another spelling bring more mail
            async with browser(platform) as stranger:
                await ask(stranger, DESK.capitalize() if number % 2 else DESK)
    assert len([mail for mail in mails(platform) if "/sign-in/link/" in mail.get_content()]) <= 5


@pytest.mark.parametrize("name", ["Host", "X-Forwarded-Host", "Forwarded"])
async def test_another_host_in_the_request_leads_no_mail_and_nobody_elsewhere(platform: Platform, name: str) -> None:
    await small_town(platform)
    value = "host=elsewhere.example;proto=https" if name == "Forwarded" else "elsewhere.example"
    async with browser(platform) as opened:
        answer = await opened.post("/sign-in/mail", data={"email": DESK}, headers={name: value})
        assert "elsewhere" not in answer.headers.get("Location", "")
        for mail in mails(platform):
            assert "elsewhere" not in mail.get_content()


async def test_a_member_of_two_organisations_with_one_provider_is_linked_to_each_apart(platform: Platform) -> None:
    town = await small_town(platform)
    both = "both@navigaattori.example"
    members = {}
    bosses = {}
    for slug, organization in (("navigaattori", town.navigaattori), ("kompassi", town.kompassi)):
        members[slug] = await town.facts.member(both, organization, "recipient")
        bosses[slug] = await town.facts.member(f"boss@{slug}.example", organization, "admin")
    await platform.settle()
    async with crooked() as provider, browser(platform) as opened:
        for boss in bosses.values():
            page = f"/organizations/{boss.organization_id}/sign-in"
            async with portal_client(platform, boss) as theirs:
                typed = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
                await press(theirs, page, **typed, version="0")
                await theirs.get(provider.send_back((await theirs.get(f"{page}/test")).headers["Location"]))
                assert (await press(theirs, f"{page}/use", use="true")).status_code == 303
        for slug, member in members.items():
            async with browser(platform) as mine:
                left = await mine.get(f"/sign-in/provider/{slug}")
                back = await mine.get(provider.send_back(left.headers["Location"]))
                assert back.headers["Location"] == "/sign-in/linking", "one organisation's link is not the other's"
                await mine.post("/sign-in/linking", data={"email": both})
                await mine.post(mail_link(mails(platform, both)[-1]))
                assert await who(mine) == both
                here = await platform.scalar(
                    "portal",
                    "SELECT member_id FROM sessions WHERE method = 'provider' ORDER BY created_at DESC LIMIT 1",
                )
                assert here == member.id
                other = next(each for each in members.values() if each.id != member.id)
                assert (await press(mine, "/account/organization", member_id=str(other.id))).status_code == 404
        left = await opened.get("/sign-in/provider/kompassi")
        await opened.get(provider.send_back(left.headers["Location"]))
        assert await who(opened) == both


async def test_a_session_that_somebody_planted_is_not_the_one_that_is_signed_in(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as victim, browser(platform) as thief:
        phone = await enrol(platform, first, DESK)
        await ask(thief, ADVISER)
        planted = thief.cookies["luotsi-browser"]
        victim.cookies.set("luotsi-browser", planted, domain="localhost.local", path="/")
        await come_back(platform, victim, DESK, phone)
        assert await who(victim) == DESK
        assert await who(thief) is None
        assert planted not in (victim.cookies["luotsi-browser"], victim.cookies["luotsi"])
