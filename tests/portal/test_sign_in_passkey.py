"""Passkeys: made, used, renamed and removed; and each answer of a device that is not to be accepted."""

from dataclasses import replace
from typing import Any

import httpx2
import pytest

from services.portal.domain.lifetimes import CEREMONY
from services.portal.use_cases.passkeys import MOST_PASSKEYS
from tests.builders import small_town
from tests.platform import Platform
from tests.portal.device import Device
from tests.portal.entering import browser, enrol, mails, press, prove_mail, recovery_codes, who
from tests.portal.signed_in import csrf_token

ADVISER = "adviser@navigaattori.example"
DESK = "desk@businesskuopio.example"


async def _options(opened: httpx2.AsyncClient, path: str) -> dict[str, Any]:
    token = await csrf_token(opened) if await who(opened) else ""
    answer = await opened.post(f"{path}/options", headers={"X-CSRF-Token": token})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def _with_passkey(opened: httpx2.AsyncClient, name: str = "") -> Device:
    """Make a passkey in the account of who is signed in."""
    device = Device()
    credential = device.make(await _options(opened, "/account/passkeys"))
    answer = await press(opened, "/account/passkeys", credential=credential, name=name)
    assert answer.status_code == 303, answer.text
    return device


async def _use(opened: httpx2.AsyncClient, device: Device, **fields: str) -> httpx2.Response:
    options = await _options(opened, "/sign-in/passkey")
    return await opened.post("/sign-in/passkey", data={"credential": device.use(options), **fields})


async def test_the_first_sign_in_may_make_a_passkey_and_the_next_needs_no_mail(platform: Platform) -> None:
    await small_town(platform)
    device = Device()
    async with browser(platform) as opened:
        await prove_mail(platform, opened, DESK, return_to="/account/organization")
        options = await _options(opened, "/sign-in/second/passkey")
        assert (options["rp"]["id"], options["authenticatorSelection"]["userVerification"]) == ("localhost", "required")
        assert options["authenticatorSelection"]["residentKey"] == "required"
        answer = await opened.post("/sign-in/second/passkey", data={"credential": device.make(options)})
        assert answer.headers["Location"].startswith("/account/recovery-codes"), answer.text
        assert len(recovery_codes((await opened.get("/account/recovery-codes")).text)) == 10
        assert await who(opened) == DESK
    sent = len(mails(platform))
    async with browser(platform) as opened:
        options = await _options(opened, "/sign-in/passkey")
        assert (options["userVerification"], options.get("allowCredentials", [])) == ("required", [])
        answer = await opened.post(
            "/sign-in/passkey", data={"credential": device.use(options), "return_to": "/account/organization"}
        )
        assert answer.headers["Location"] == "/account/organization"
        assert await who(opened) == DESK
    assert len(mails(platform)) == sent


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://elsewhere.example"},
        {"origin": "http://localhost:8001"},
        {"host": "elsewhere.example"},
        {"verifies": False},
        {"credential": b"unknown here, and thirty-two long"},
        {"key": Device().key},
        {"user_handle": "c29tZWJvZHkgZWxzZQ"},
        {"count": -1},
    ],
    ids="-".join,
)
async def test_a_wrong_answer_of_a_device_opens_nothing(platform: Platform, changes: dict[str, Any]) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as other:
        await enrol(platform, opened, ADVISER)
        device = await _with_passkey(opened)
        async with browser(platform) as before:
            assert (await _use(before, device)).status_code == 303
        answer = await _use(other, replace(device, **changes))
        assert answer.status_code == 422
        assert await who(other) is None
        assert (await _use(other, device)).status_code == 303  # the right one still does


async def test_a_challenge_is_answered_once_and_in_the_browser_that_was_asked(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, ADVISER)
        device = await _with_passkey(opened)
    async with browser(platform) as asked, browser(platform) as thief:
        options = await _options(asked, "/sign-in/passkey")
        await _options(thief, "/sign-in/passkey")
        credential = device.use(options)
        assert (await thief.post("/sign-in/passkey", data={"credential": credential})).status_code == 422
        assert (await asked.post("/sign-in/passkey", data={"credential": credential})).status_code == 303
        thief.cookies.set("luotsi-browser", asked.cookies["luotsi-browser"])
        assert (await thief.post("/sign-in/passkey", data={"credential": credential})).status_code == 422
        assert await who(thief) is None


async def test_a_challenge_holds_for_five_minutes(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as later:
        await enrol(platform, opened, ADVISER)
        device = await _with_passkey(opened)
        options = await _options(later, "/sign-in/passkey")
        platform.portal_clock.set(platform.portal_clock() + CEREMONY)
        assert (await later.post("/sign-in/passkey", data={"credential": device.use(options)})).status_code == 422


@pytest.mark.parametrize("credential", ["", "{}", "[]", "null", '{"id": 1}', "x" * 30_000, '{"rawId": "\\u0000"}'])
async def test_what_is_no_answer_of_a_device_is_refused(platform: Platform, credential: str) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await _options(opened, "/sign-in/passkey")
        assert (await opened.post("/sign-in/passkey", data={"credential": credential})).status_code == 422
        await enrol(platform, opened, ADVISER)
        await _options(opened, "/account/passkeys")
        assert (await press(opened, "/account/passkeys", credential=credential)).status_code == 422


@pytest.mark.parametrize(
    "changes", [{"origin": "https://elsewhere.example"}, {"host": "elsewhere.example"}, {"verifies": False}]
)
async def test_a_passkey_for_elsewhere_is_not_kept(platform: Platform, changes: dict[str, Any]) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, ADVISER)
        made = replace(Device(), **changes).make(await _options(opened, "/account/passkeys"))
        assert (await press(opened, "/account/passkeys", credential=made)).status_code == 422
    assert await platform.scalar("portal", "SELECT count(*) FROM passkeys") == 0


async def test_a_person_has_several_passkeys_with_names_of_their_own(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, DESK)
        phone, key = await _with_passkey(opened, "Phone"), await _with_passkey(opened, "Key <b>")
        options = await _options(opened, "/account/passkeys")
        assert len(options["excludeCredentials"]) == 2
        page = (await opened.get("/account")).text
        assert "<strong>Phone</strong>" in page
        assert "<strong>Key &lt;b&gt;</strong>" in page
        ids = {
            name: await platform.scalar("portal", "SELECT id FROM passkeys WHERE name = :name", name=name)
            for name in ("Phone", "Key <b>")
        }
        await press(opened, f"/account/passkeys/{ids['Phone']}/name", name="Work\nphone")
        assert "<strong>Work phone</strong>" in (await opened.get("/account")).text
        assert (await press(opened, f"/account/passkeys/{ids['Key <b>']}/remove")).status_code == 303
    async with browser(platform) as later:
        assert (await _use(later, key)).status_code == 422
        assert (await _use(later, phone)).status_code == 303
    subjects = [mail["Subject"] for mail in mails(platform, DESK)]
    assert subjects.count("A passkey was made for your account in Luotsi") == 2
    assert subjects.count("A passkey of your account in Luotsi was removed") == 1


async def test_somebody_else_s_passkeys_are_out_of_reach(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as other:
        await enrol(platform, opened, ADVISER)
        await _with_passkey(opened)
        passkey = await platform.scalar("portal", "SELECT id FROM passkeys")
        await enrol(platform, other, DESK)
        for step in ("name", "remove"):
            assert (await press(other, f"/account/passkeys/{passkey}/{step}", name="mine")).status_code == 404
    assert await platform.scalar("portal", "SELECT count(*) FROM passkeys WHERE name != 'mine'") == 1


async def test_there_is_an_end_to_passkeys(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, ADVISER)
        for _ in range(MOST_PASSKEYS):
            await _with_passkey(opened)
        made = Device().make(await _options(opened, "/account/passkeys"))
        assert (await press(opened, "/account/passkeys", credential=made)).status_code == 422


async def test_a_passkey_opens_nothing_for_a_member_who_left(platform: Platform) -> None:
    town = await small_town(platform)
    async with browser(platform) as opened, browser(platform) as later:
        await enrol(platform, opened, ADVISER)
        device = await _with_passkey(opened)
        await town.facts.deactivate(town.adviser)
        await platform.settle()
        assert (await _use(later, device)).status_code == 403
        assert await who(later) is None
