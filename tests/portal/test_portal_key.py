"""Changing PORTAL_KEY: nobody loses what they sign in with, and what no key opens is said to whom it concerns."""

import asyncio
import base64
import os
from collections.abc import Iterator
from typing import Any

import pytest

from luotsi.platform.process import PlatformError
from services.portal.vault import AccountVault
from shared.clock import utc_now
from tests.builders import small_town
from tests.flows.operating import environment, luotsi
from tests.flows.test_key_check import at_work, process
from tests.platform import ISSUER, Platform
from tests.portal.entering import Phone, browser, come_back, enrol, press, prove_mail, recovery_codes, who
from tests.portal.providers import CLIENT_ID, CLIENT_SECRET, crooked
from tests.portal.signed_in import portal_client

DESK = "desk@businesskuopio.example"
NEW = bytes(range(64, 96))
OTHER = bytes(range(96, 128))


@pytest.fixture(autouse=True)
def own_key_again(platform: Platform) -> Iterator[None]:
    """The platform is used again by other tests: with the key that it had."""
    yield
    known_to(platform, present_key(platform))


def written(key: bytes) -> str:
    return base64.urlsafe_b64encode(key).decode()


def changing(platform: Platform) -> dict[str, str]:
    """The operator's environment while the key is being changed."""
    return {"PORTAL_KEY": written(NEW), "PORTAL_KEY_PREVIOUS": environment(platform)["PORTAL_KEY"]}


def known_to(platform: Platform, present: bytes, former: bytes | None = None) -> None:
    """Let the portal go on with other keys, as after a start with them."""
    platform.apps["portal"].state.luotsi.vault = AccountVault(present, former)


def present_key(platform: Platform) -> bytes:
    settings: Any = platform.settings["portal"]
    return bytes(settings.portal_key.get_secret_value())


async def keys(platform: Platform, *words: str, **changes: str) -> tuple[int, str]:
    done = await asyncio.to_thread(luotsi, platform, "keys", *words, **changes)
    return done.exit_code, done.stdout


async def by_recovery(platform: Platform, code: str) -> str | None:
    """Sign in with a recovery code, in another browser; returns where that leads."""
    async with browser(platform) as opened:
        await prove_mail(platform, opened, DESK)
        return (await opened.post("/sign-in/recovery", data={"code": code})).headers.get("Location")


async def test_the_key_changes_while_people_sign_in(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as again, browser(platform) as third:
        phone = await enrol(platform, opened, DESK)
        codes = recovery_codes((await opened.get("/account/recovery-codes")).text)
        known_to(platform, NEW, present_key(platform))
        assert (await come_back(platform, again, DESK, phone)).headers["Location"] == "/", "the former key still opens"
        both = changing(platform)
        code, said = await keys(platform, "status", **both)
        assert (code, "0 secrets of the portal under its present key" in said) == (1, False), said
        with pytest.raises(PlatformError, match="need its former key still"):
            await keys(platform, "retire", **both)
        _, said = await keys(platform, "rotate", "--batch", "1", **both)
        assert " secrets of the portal sealed anew" in said
        assert " 0 secrets of the portal sealed anew" not in said
        _, said = await keys(platform, "rotate", **both)
        assert " 0 secrets of the portal sealed anew" in said
        code, said = await keys(platform, "status", **both)
        assert (code, " 0 under the former one, 0 under neither" in said) == (0, True), said
        known_to(platform, NEW)
        assert recovery_codes((await opened.get("/account/recovery-codes")).text) == codes, "steps under way go on"
        assert (await come_back(platform, third, DESK, phone)).headers["Location"] == "/"
        assert await by_recovery(platform, codes[0]) == "/account?recovered=1"


async def test_recovery_codes_of_an_older_version_stay_too(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, DESK)
        codes = recovery_codes((await opened.get("/account/recovery-codes")).text)
        vault = AccountVault(present_key(platform))
        person = await platform.scalar("portal", "SELECT id::text FROM people")
        async with platform.databases["portal"].engine.begin() as connection:  # as that version has kept them
            await connection.exec_driver_sql("UPDATE people SET sealed_code_key = NULL")
            await connection.exec_driver_sql("DELETE FROM recovery_codes")
            for code in codes[:2]:
                digest = vault.digest("recovery code", person, code.replace("-", "")).hex()
                await connection.exec_driver_sql(
                    f"INSERT INTO recovery_codes VALUES ('\\x{digest}', '{person}', '{utc_now().isoformat()}')"
                )
        known_to(platform, NEW, present_key(platform))
        assert await by_recovery(platform, codes[0]) == "/account?recovered=1"
        await keys(platform, "rotate", **changing(platform))
        known_to(platform, NEW)
        assert await by_recovery(platform, codes[1]) == "/account?recovered=1"


async def test_what_no_key_opens_is_said_plainly_and_mended_by_a_reset(platform: Platform) -> None:
    town = await small_town(platform)
    boss = await town.facts.member("boss@businesskuopio.example", town.business, "admin")
    await platform.settle()
    async with browser(platform) as opened, browser(platform) as again:
        phone = await enrol(platform, opened, DESK)
        codes = recovery_codes((await opened.get("/account/recovery-codes")).text)
        known_to(platform, OTHER)
        assert await who(opened) == DESK, "who is signed in stays so"
        assert recovery_codes((await opened.get("/account/recovery-codes")).text) == []
        await prove_mail(platform, again, DESK)
        for path, words in (("second", "The code of your app cannot be checked"), ("recovery", "Your recovery codes")):
            answer = await again.post(f"/sign-in/{path}", data={"code": phone.code() if path == "second" else codes[0]})
            assert (answer.status_code, words in answer.text) == (409, True), answer.text
            assert "ask your organisation’s administrator" in answer.text
        async with portal_client(platform, boss) as theirs:
            await press(theirs, f"/members/{town.desk.id}/sign-in/reset")
        await enrol(platform, again, DESK)
        assert await who(again) == DESK


async def test_an_app_that_was_not_confirmed_yet_is_begun_anew(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await prove_mail(platform, opened, DESK)
        await opened.get("/sign-in/second")
        known_to(platform, OTHER)
        assert (await opened.get("/sign-in/second")).status_code == 410, "the step itself opens no more"
        assert isinstance(await enrol(platform, opened, DESK), Phone)


async def test_a_provider_s_secret_that_no_key_opens_is_to_be_written_again(platform: Platform) -> None:
    town = await small_town(platform)
    boss = await town.facts.member("boss@navigaattori.example", town.navigaattori, "admin")
    await platform.settle()
    page = f"/organizations/{boss.organization_id}/sign-in"
    async with crooked() as provider, portal_client(platform, boss) as opened, browser(platform) as stranger:
        typed = {"issuer": provider.issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        await press(opened, page, **typed, version="0")
        back = await opened.get(provider.send_back((await opened.get(f"{page}/test")).headers["Location"]))
        assert back.headers["Location"] == f"{page}#test"
        assert (await press(opened, f"{page}/use", use="true")).status_code == 303
        known_to(platform, OTHER)
        answer = await stranger.get("/sign-in/provider/navigaattori")
        assert (answer.status_code, "has to be set anew" in answer.text) == (502, True), answer.text
        await opened.get(f"{page}/test")
        assert "The client secret does not open any more" in (await opened.get(page)).text
        version = str(await platform.scalar("portal", "SELECT version FROM providers"))
        await press(opened, page, **typed, version=version)
        assert (await stranger.get("/sign-in/provider/navigaattori")).headers["Location"].startswith(provider.issuer)


def portal_environment(platform: Platform, **changes: str) -> dict[str, str]:
    own: Any = platform.settings["portal"]
    needed = {
        "DATABASE_URL": own.database_url.get_secret_value(),
        "REDIS_URL": own.redis_url.get_secret_value(),
        "JWKS": own.jwks,
        "SIGNING_KEY": str(own.signing_key),
        "MAIL_DIR": str(own.mail_dir),
        "PUBLIC_URL": ISSUER,
        "PORT": str(24100 + os.getpid() % 500),
        **{f"{service}_URL": "http://127.0.0.1:9" for service in ("CATALOG", "REFERRAL", "NOTIFICATIONS")},
        "PORTAL_KEY": written(present_key(platform)),
    }
    return {**os.environ, **needed, **changes}


async def test_the_portal_does_not_start_with_a_key_that_opens_nothing(platform: Platform) -> None:
    module = "services.portal.main"
    await small_town(platform)
    async with asyncio.timeout(120):
        with process(module, env := portal_environment(platform, PORTAL_KEY=written(OTHER))) as running:
            assert await asyncio.to_thread(at_work, running, env), "what is empty is opened by any key"
        async with browser(platform) as opened:
            await enrol(platform, opened, DESK)
        with process(module, env) as running:
            _, said = await asyncio.to_thread(running.communicate, timeout=60)
        assert running.returncode == 2
        assert "PORTAL_KEY opens nothing of what is sealed in this database" in said
        assert written(OTHER) not in said
        former = portal_environment(
            platform, PORTAL_KEY=written(OTHER), PORTAL_KEY_PREVIOUS=written(present_key(platform))
        )
        with process(module, former) as running:
            assert await asyncio.to_thread(at_work, running, former)
