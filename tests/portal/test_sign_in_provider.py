"""Signing in with the provider of an organisation, Canaille: set, tested, taken into use, and the only way then."""

import re
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from html import unescape
from uuid import UUID

import httpx2
import pytest

from services.portal.clients.openid import depart
from services.portal.clients.provider_http import ProviderFault, Registration
from services.portal.domain.session_life import FRESH
from tests.builders import CatalogueFacts, Someone, small_town
from tests.platform import Platform
from tests.portal.entering import ask, browser, enrol, mail_link, mails, press, who
from tests.portal.providers import CLIENT_ID, CLIENT_SECRET, Canaille, canaille
from tests.portal.signed_in import portal_client

ADVISER = "adviser@navigaattori.example"
COLLEAGUE = "colleague@navigaattori.example"
BOSS = "boss@navigaattori.example"
OPERATOR = "admin@luotsi.example"
DESK = "desk@businesskuopio.example"


@pytest.fixture(scope="module")
def two_factors() -> Iterator[Canaille]:
    """A provider that asks for a password and a code."""
    with canaille([ADVISER, COLLEAGUE, BOSS, "stranger@elsewhere.example"], "password", "otp") as provider:
        yield provider


@pytest.fixture(scope="module")
def one_factor() -> Iterator[Canaille]:
    """A provider that asks for a password alone."""
    with canaille([ADVISER, BOSS], "password") as provider:
        yield provider


class Organization:
    """Navigaattori with an administrator, and the page on which its provider is set."""

    def __init__(self, platform: Platform, facts: CatalogueFacts, boss: Someone, members: dict[str, Someone]) -> None:
        self.platform = platform
        self.facts = facts
        self.boss = boss
        self.members = members
        self.id: UUID = boss.organization_id
        self.page = f"/organizations/{self.id}/sign-in"

    async def set(self, opened: httpx2.AsyncClient, issuer: str, **fields: str) -> httpx2.Response:
        """Set the provider."""
        version = str(await self.platform.scalar("portal", "SELECT version FROM providers") or 0)
        typed = {"issuer": issuer, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET, "version": version}
        return await press(opened, self.page, **typed | fields)

    async def test(self, opened: httpx2.AsyncClient, provider: Canaille, name: str = "boss") -> str:
        """Run the test, and return the page that says what came of it."""
        answer = await opened.get(f"{self.page}/test")
        if answer.headers["Location"].startswith(provider.issuer):
            back = await provider.sign_in(answer.headers["Location"], name)
            answer = await opened.get(back)
        assert answer.headers["Location"] == f"{self.page}#test"
        return (await opened.get(self.page)).text

    async def take_into_use(self, provider: Canaille, **fields: str) -> None:
        """Set the provider, test it, and take it into use."""
        async with portal_client(self.platform, self.boss) as opened:
            assert (await self.set(opened, provider.issuer, **fields)).status_code == 303
            assert "The test succeeded." in await self.test(opened, provider)
            assert (await press(opened, f"{self.page}/use", use="true")).status_code == 303


@asynccontextmanager
async def organization(platform: Platform) -> AsyncIterator[Organization]:
    """Navigaattori, known to the portal."""
    town = await small_town(platform)
    boss = await town.facts.member(BOSS, town.navigaattori, "admin")
    await platform.settle()
    yield Organization(platform, town.facts, boss, {"adviser": town.adviser, "colleague": town.colleague})


async def through(opened: httpx2.AsyncClient, provider: Canaille, name: str, **query: str) -> httpx2.Response:
    """Go to the provider, sign in there, and come back."""
    answer = await opened.get("/sign-in/provider/navigaattori", params=query)
    assert answer.status_code == 303, answer.text
    return await opened.get(await provider.sign_in(answer.headers["Location"], name))


async def linked(platform: Platform, opened: httpx2.AsyncClient, provider: Canaille, email: str) -> None:
    """Sign in with the provider for the first time: a mail links the identity to the member."""
    answer = await through(opened, provider, email.partition("@")[0])
    assert answer.headers["Location"] == "/sign-in/linking", answer.text
    assert f'value="{email}"' in (await opened.get("/sign-in/linking")).text
    answer = await opened.post("/sign-in/linking", data={"email": email})
    assert answer.headers["Location"] == "/sign-in/mail"
    answer = await opened.post(mail_link(mails(platform, email)[-1]))
    assert answer.headers["Location"] == "/", answer.text


async def test_the_first_sign_in_is_linked_by_a_mail_and_later_ones_need_none(
    platform: Platform, two_factors: Canaille
) -> None:
    async with organization(platform) as place, browser(platform) as first, browser(platform) as second:
        await place.take_into_use(two_factors)
        assert "/sign-in/at/navigaattori" in (await first.get("/sign-in")).text
        await linked(platform, first, two_factors, ADVISER)
        assert await who(first) == ADVISER
        sent = len(mails(platform, ADVISER))
        answer = await through(second, two_factors, "adviser", return_to="/account?x=1")
        assert answer.headers["Location"] == "/account?x=1"
        assert await who(second) == ADVISER
        assert len(mails(platform, ADVISER)) == sent
        kept = await platform.scalar("portal", "SELECT providers::text FROM providers")
        assert CLIENT_SECRET not in kept


async def test_one_factor_is_not_enough_unless_the_organisation_answers_for_it(
    platform: Platform, one_factor: Canaille
) -> None:
    async with organization(platform) as place, portal_client(platform, place.boss) as opened:
        await place.set(opened, one_factor.issuer)
        page = await place.test(opened, one_factor)
        assert "The test failed." in page
        assert "did not speak of two factors" in page
        assert (await press(opened, f"{place.page}/use", use="true")).status_code == 409
        await place.set(opened, one_factor.issuer, vouches="true", client_secret="")
        assert "The test succeeded." in await place.test(opened, one_factor)
        assert (await press(opened, f"{place.page}/use", use="true")).status_code == 303
        async with browser(platform) as member:
            await linked(platform, member, one_factor, ADVISER)
        await place.set(opened, one_factor.issuer, client_secret="")  # answers for it no more
        async with browser(platform) as member:
            answer = await through(member, one_factor, "adviser")
            assert answer.status_code == 403
            assert "did not say that you confirmed it in two ways" in answer.text
            assert await who(member) is None


async def test_members_of_an_organisation_with_a_provider_get_in_by_no_other_way(
    platform: Platform, two_factors: Canaille
) -> None:
    async with organization(platform) as place, browser(platform) as before, browser(platform) as after:
        phone = await enrol(platform, before, ADVISER)
        await place.take_into_use(two_factors)
        await ask(after, ADVISER)
        mail = mails(platform, ADVISER)[-1]
        assert "/sign-in/link/" not in mail.get_content()
        assert "http://localhost:8000/sign-in/at/navigaattori" in mail.get_content()
        phone.wait()
        for path in ("/account/app", "/account/recovery-codes"):
            assert (await before.get(path)).status_code == 403
        assert (await press(before, "/account/passkeys/options")).status_code == 403
        async with portal_client(platform, place.boss) as opened:
            assert (await press(opened, f"{place.page}/use", use="false")).status_code == 303
        await ask(after, ADVISER)
        assert "/sign-in/link/" in mails(platform, ADVISER)[-1].get_content()


async def test_who_came_in_by_mail_before_does_not_finish_once_there_is_a_provider(
    platform: Platform, two_factors: Canaille
) -> None:
    async with organization(platform) as place, browser(platform) as opened:
        await ask(opened, ADVISER)
        await place.take_into_use(two_factors)
        answer = await opened.post(mail_link(mails(platform, ADVISER)[-1]))
        assert answer.status_code == 403
        assert await who(opened) is None


async def test_the_operators_of_the_platform_always_get_in_by_mail(platform: Platform, two_factors: Canaille) -> None:
    async with organization(platform) as place, browser(platform) as opened:
        await place.take_into_use(two_factors)
        luotsi = await place.facts.organization("luotsi")
        operator = await place.facts.member(OPERATOR, luotsi, "admin")
        await platform.settle()
        async with portal_client(platform, operator) as theirs:
            page = f"/organizations/{luotsi}/sign-in"
            typed = {
                "issuer": two_factors.issuer,
                "client_id": CLIENT_ID,
                "client_secret": CLIENT_SECRET,
                "version": "0",
            }
            assert (await press(theirs, page, **typed)).status_code == 303
            answer = await theirs.get(f"{page}/test")
            await theirs.get(await two_factors.sign_in(answer.headers["Location"], "boss"))
            assert (await press(theirs, f"{page}/use", use="true")).status_code == 303
            assert (await press(theirs, f"{place.page}/use", use="false")).status_code == 303  # and set others right
        await enrol(platform, opened, OPERATOR)
        assert await who(opened) == OPERATOR


async def test_a_stranger_of_the_provider_is_told_whom_to_ask_and_not_who_is_a_member(
    platform: Platform, two_factors: Canaille
) -> None:
    async with organization(platform) as place, browser(platform) as opened:
        await place.take_into_use(two_factors)
        answer = await through(opened, two_factors, "stranger")
        assert answer.headers["Location"] == "/sign-in/linking"
        sent = len(mails(platform))
        seen = []
        for address in ("stranger@elsewhere.example", DESK, "nobody@navigaattori.example", ADVISER):
            answer = await opened.post("/sign-in/linking", data={"email": address})
            seen.append((answer.status_code, answer.headers["Location"]))
        assert set(seen) == {(303, "/sign-in/mail")}
        assert [mail["To"] for mail in mails(platform)[sent:]] == [ADVISER]  # who alone can link it, by that mail
        assert await who(opened) is None


async def test_a_member_is_linked_once_and_an_address_alone_links_nobody(
    platform: Platform, two_factors: Canaille
) -> None:
    async with organization(platform) as place, browser(platform) as first, browser(platform) as other:
        await place.take_into_use(two_factors)
        await linked(platform, first, two_factors, ADVISER)
        await through(other, two_factors, "stranger")
        await other.post("/sign-in/linking", data={"email": ADVISER})
        answer = await other.post(mail_link(mails(platform, ADVISER)[-1]))
        assert answer.status_code == 403
        assert "linked to another account" in answer.text
        assert await who(other) is None


async def test_the_mail_that_links_works_only_where_the_provider_was_come_through(
    platform: Platform, two_factors: Canaille
) -> None:
    async with organization(platform) as place, browser(platform) as thief, browser(platform) as victim:
        await place.take_into_use(two_factors)
        await through(thief, two_factors, "stranger")
        await thief.post("/sign-in/linking", data={"email": ADVISER})
        await ask(victim, DESK)
        link = mail_link(mails(platform, ADVISER)[-1])
        assert (await victim.post(link)).status_code == 403
        assert await who(victim) is None
        assert await platform.scalar("portal", "SELECT count(*) FROM identities") == 0


@pytest.mark.parametrize("what", ["member", "organization"])
async def test_who_left_is_known_to_the_provider_and_does_not_get_in(
    platform: Platform, two_factors: Canaille, what: str
) -> None:
    async with organization(platform) as place, browser(platform) as first, browser(platform) as second:
        await place.take_into_use(two_factors)
        await linked(platform, first, two_factors, ADVISER)
        left = await second.get("/sign-in/provider/navigaattori")
        if what == "member":
            await place.facts.deactivate(place.members["adviser"])
        else:
            await place.facts.organization("navigaattori", organization_id=place.id, active=False)
        await platform.settle()
        answer = await second.get(await two_factors.sign_in(left.headers["Location"], "adviser"))
        assert answer.status_code == 403
        assert "Ask your organisation" in answer.text
        assert await who(first) is None
        assert await who(second) is None


async def test_who_signs_in_at_a_provider_shows_it_there_before_changing_it(
    platform: Platform, two_factors: Canaille
) -> None:
    async with organization(platform) as place, browser(platform) as opened:
        await place.take_into_use(two_factors)
        await linked(platform, opened, two_factors, BOSS)
        platform.portal_clock.set(platform.portal_clock() + FRESH)
        opened.headers["Referer"] = f"http://localhost:8000{place.page}"
        stop = {"use": "false"}
        led = await press(opened, f"{place.page}/use", **stop)
        assert led.headers["Location"].startswith("/account/prove?return_to=")
        again = re.search(r'href="(/sign-in/at/[^"]+)"', (await opened.get(led.headers["Location"])).text)
        assert again
        away = await opened.get(unescape(again[1]))
        assert "prompt=login" in away.headers["Location"]
        back = await opened.get(await two_factors.sign_in(away.headers["Location"], "boss"))
        assert back.headers["Location"] == place.page
        assert (await press(opened, f"{place.page}/use", **stop)).headers["Location"] == f"{place.page}#state"


async def test_an_administrator_unlinks_a_member(platform: Platform, two_factors: Canaille) -> None:
    async with organization(platform) as place, browser(platform) as first, browser(platform) as second:
        await place.take_into_use(two_factors)
        await linked(platform, first, two_factors, ADVISER)
        async with portal_client(platform, place.boss) as opened:
            reset = f"/members/{place.members['adviser'].id}/sign-in/reset"
            assert (await press(opened, reset)).status_code == 303
        assert await who(first) is None
        answer = await through(second, two_factors, "adviser")
        assert answer.headers["Location"] == "/sign-in/linking"


async def test_a_provider_that_was_changed_has_to_be_tested_anew(platform: Platform) -> None:
    # With one of its own: Canaille takes a code that nobody came for in place of a later one.
    with canaille([BOSS], "password", "otp") as two_factors:
        async with organization(platform) as place:
            await place.take_into_use(two_factors)
            async with portal_client(platform, place.boss) as opened:
                assert (await place.set(opened, two_factors.issuer, client_secret="another one")).status_code == 303
                assert "In use" in (await opened.get(place.page)).text  # a secret is renewed while it is in use
                page = await place.test(opened, two_factors)
                assert "The provider did not accept Luotsi." in page
                assert "<code>invalid_client</code>" in page
                await place.set(opened, two_factors.issuer, client_id="another", client_secret="x")
                assert "Not tested yet." in (await opened.get(place.page)).text
                assert (await press(opened, f"{place.page}/use", use="true")).status_code == 409
                stale = await press(
                    opened, place.page, issuer=two_factors.issuer, client_id="y", client_secret="z", version="1"
                )
                assert stale.status_code == 409


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"issuer": "id.kuopio.example"}, "begins with https://"),
        ({"issuer": "http://id.kuopio.example"}, "has to begin with https://"),
        ({"issuer": "https://login.microsoftonline.com/common/v2.0"}, "everybody"),
        ({"client_id": ""}, "Write the id"),
        ({"client_secret": ""}, "Write the secret"),
    ],
)
async def test_settings_that_cannot_work_are_refused_beside_the_field(
    platform: Platform, typed: dict[str, str], said: str
) -> None:
    async with organization(platform) as place, portal_client(platform, place.boss) as opened:
        answer = await place.set(opened, typed.pop("issuer", "https://id.kuopio.example"), **typed)
        assert answer.status_code == 422
        assert said in answer.text
        assert CLIENT_SECRET not in answer.text
        assert await platform.scalar("portal", "SELECT count(*) FROM providers") == 0


async def test_settings_sent_twice_are_set_once_and_others_are_still_out_of_date(platform: Platform) -> None:
    async with organization(platform) as place, portal_client(platform, place.boss) as opened:
        typed = {"issuer": "https://id.kuopio.example", "client_id": "x", "client_secret": "y", "version": "0"}
        assert [(await press(opened, place.page, **typed)).status_code for _ in range(2)] == [303, 303]
        for other in ({"client_secret": "z"}, {"client_id": "z"}, {"vouches": "true"}):
            assert (await press(opened, place.page, **typed | other)).status_code == 409
        assert await platform.scalar("portal", "SELECT version FROM providers") == 1


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "169.254.169.254", "fe80::1", "::ffff:127.0.0.1", "0.0.0.0"])
async def test_a_name_that_leads_to_the_machine_itself_is_not_asked(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    found = [(family, socket.SOCK_STREAM, 0, "", (address, 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    registration = Registration("https://id.kuopio.example", CLIENT_ID, CLIENT_SECRET, "https://luotsi.example/answer")
    with pytest.raises(ProviderFault) as fault:
        await depart(registration, "state")
    assert fault.value.reason == "own_machine"


async def test_only_its_own_administrators_and_the_platform_s_reach_a_provider(platform: Platform) -> None:
    async with organization(platform) as place:
        kompassi = await place.facts.organization("setlementti-puijola")
        foreign = await place.facts.member("boss@puijola.example", kompassi, "admin")
        await platform.settle()
        async with portal_client(platform, foreign) as opened:
            for path in (place.page, f"{place.page}/test"):
                assert (await opened.get(path)).status_code == 404
            for path in (place.page, f"{place.page}/use", f"{place.page}/remove"):
                assert (await press(opened, path)).status_code == 404
            assert (await opened.get(f"/members/{place.boss.id}/sign-in")).status_code == 404
            assert (await press(opened, f"/members/{place.boss.id}/sign-in/reset")).status_code == 404


async def test_what_is_removed_is_forgotten(platform: Platform, two_factors: Canaille) -> None:
    async with organization(platform) as place, browser(platform) as first:
        await place.take_into_use(two_factors)
        await linked(platform, first, two_factors, ADVISER)
        async with portal_client(platform, place.boss) as opened:
            assert (await press(opened, f"{place.page}/remove")).status_code == 303
        assert await platform.scalar("portal", "SELECT count(*) FROM providers") == 0
        assert await platform.scalar("portal", "SELECT count(*) FROM identities") == 0
