"""Signing in by a mail and a code of an app: the whole way, and each wrong turn of it."""

from datetime import timedelta

import httpx2
import pytest

from services.portal.channels.sign_in_mail import SignInMail
from services.portal.domain.lifetimes import CODE_TRIES, LIMITS, LINK, PROOF
from shared.mail.addresses import sender_of
from shared.mail.smtp import SmtpMailer
from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.platform import Platform
from tests.portal.entering import (
    Phone,
    app_secret,
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

ADVISER = "adviser@navigaattori.example"
DESK = "desk@businesskuopio.example"


async def _pass(platform: Platform, time: timedelta) -> None:
    platform.portal_clock.set(platform.portal_clock() + time)


async def test_somebody_signs_in_for_the_first_time_and_comes_back(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first:
        phone = await enrol(platform, first, ADVISER, return_to="/account/organization")
        shown = await first.get("/account/recovery-codes?return_to=/account/organization")
        assert len(recovery_codes(shown.text)) == 10
        assert 'name="return_to" value="/account/organization"' in shown.text
        kept = await press(first, "/account/recovery-codes/kept", return_to="/account/organization")
        assert kept.headers["Location"] == "/account/organization"
        assert recovery_codes((await first.get("/account/recovery-codes")).text) == []
        assert await who(first) == ADVISER
    async with browser(platform) as again:
        answer = await come_back(platform, again, ADVISER, phone, return_to="/account?x=1")
        assert (answer.status_code, answer.headers["Location"]) == (303, "/account?x=1")
        assert await who(again) == ADVISER


@pytest.mark.parametrize(
    ("language", "subject"), [("fi", "Kirjaudu Luotsiin"), ("sv", "Logga in i Luotsi"), ("en", "Sign in to Luotsi")]
)
async def test_the_mail_speaks_the_language_of_the_page(platform: Platform, language: str, subject: str) -> None:
    await small_town(platform)
    async with browser(platform, language) as opened:
        await ask(opened, ADVISER)
    [mail] = mails(platform)
    assert (mail["Subject"], mail["To"], mail["Content-Language"]) == (subject, ADVISER, language)
    assert mail["Auto-Submitted"] == "auto-generated"


async def test_opening_the_link_uses_nothing_up_and_its_button_works_once(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as scanner:
        await ask(opened, ADVISER)
        link = mail_link(mails(platform)[0])
        for _ in range(3):
            assert (await scanner.get(link)).status_code == 403  # a mail scanner: another browser
            assert (await scanner.head(link)).status_code == 403
            assert (await opened.get(link)).status_code == 200
        assert (await scanner.post(link)).status_code == 403
        assert (await opened.post(link)).status_code == 303
        assert (await opened.post(link)).status_code in (403, 410)
        assert (await opened.get(link)).status_code in (403, 410)


async def test_a_link_that_was_opened_in_another_browser_signs_nobody_in_there(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as other:
        await ask(opened, ADVISER)
        await ask(other, DESK)  # which has a cookie of its own
        link = mail_link(mails(platform, ADVISER)[0])
        assert "another browser" in (await other.get(link)).text
        assert (await other.post(link)).status_code == 403
        assert (await other.get("/sign-in/second")).status_code == 410


async def test_the_code_of_a_mail_that_was_read_elsewhere_is_typed_where_it_was_asked_for(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as other:
        await ask(opened, ADVISER)
        code = mail_code(mails(platform)[0])
        assert (await other.post("/sign-in/code", data={"code": code})).status_code == 422
        assert (await opened.post("/sign-in/code", data={"code": code})).headers["Location"] == "/sign-in/second"
        assert (await opened.post("/sign-in/code", data={"code": code})).status_code == 422


async def test_wrong_codes_of_a_mail_are_counted(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await ask(opened, ADVISER)
        code = mail_code(mails(platform)[0])
        wrong = f"{(int(code.replace(' ', '')) + 1) % 10**8:08d}"
        for _ in range(CODE_TRIES):
            assert (await opened.post("/sign-in/code", data={"code": wrong})).status_code == 422
        answer = await opened.post("/sign-in/code", data={"code": code})
        assert answer.status_code == 422
        assert "Ask for a new message" in answer.text


@pytest.mark.parametrize(("time", "holds"), [(LINK - timedelta(seconds=1), True), (LINK, False)])
async def test_link_and_code_hold_for_ten_minutes(platform: Platform, time: timedelta, *, holds: bool) -> None:
    await small_town(platform)
    platform.portal_clock.set(platform.portal_clock())
    async with browser(platform) as opened:
        await ask(opened, ADVISER)
        [mail] = mails(platform)
        await _pass(platform, time)
        assert (await opened.get(mail_link(mail))).status_code == (200 if holds else 410)
        answer = await opened.post("/sign-in/code", data={"code": mail_code(mail)})
        assert answer.status_code == (303 if holds else 422)


async def test_what_was_proved_holds_for_ten_minutes(platform: Platform) -> None:
    await small_town(platform)
    platform.portal_clock.set(platform.portal_clock())
    async with browser(platform) as opened:
        await prove_mail(platform, opened, ADVISER)
        await _pass(platform, PROOF)
        assert (await opened.get("/sign-in/second")).status_code == 410


async def test_a_code_of_the_app_is_accepted_once(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as second, browser(platform) as third:
        phone = await enrol(platform, first, ADVISER)
        phone.wait()
        await prove_mail(platform, second, ADVISER)
        used = phone.code()
        assert (await second.post("/sign-in/second", data={"code": used})).status_code == 303
        await prove_mail(platform, third, ADVISER)
        assert (await third.post("/sign-in/second", data={"code": used})).status_code == 422
        phone.wait()
        assert (await third.post("/sign-in/second", data={"code": phone.code()})).status_code == 303


async def test_wrong_codes_of_the_app_are_counted_per_account(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as second:
        phone = await enrol(platform, first, ADVISER)
        phone.wait()
        await prove_mail(platform, second, ADVISER)
        wrong = f"{(int(phone.code()) + 1) % 10**6:06d}"
        answers = [
            (await second.post("/sign-in/second", data={"code": wrong})).status_code
            for _ in range(LIMITS["second_factor"].most + 1)
        ]
        assert answers == [422] * LIMITS["second_factor"].most + [429]
        assert (await second.post("/sign-in/second", data={"code": phone.code()})).status_code == 429
        await _pass(platform, LIMITS["second_factor"].within)
        await prove_mail(platform, second, ADVISER)
        assert (await second.post("/sign-in/second", data={"code": phone.code()})).status_code == 303


async def test_who_has_a_second_factor_gets_no_other_by_the_mail_alone(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as thief:
        await enrol(platform, first, ADVISER)
        await prove_mail(platform, thief, ADVISER)
        page = (await thief.get("/sign-in/second")).text
        assert 'id="secret"' not in page
        assert (await thief.post("/sign-in/second/app", data={"code": "123456"})).status_code == 410
        assert (await thief.post("/sign-in/second/passkey/options")).status_code == 410
        assert (await thief.post("/sign-in/second/passkey", data={"credential": "{}"})).status_code == 410
        assert await who(thief) is None


async def test_nobody_goes_on_with_a_secret_that_was_known_before_the_mail_was_answered(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened, browser(platform) as thief:
        await ask(opened, ADVISER)
        thief.cookies.set("luotsi-browser", opened.cookies["luotsi-browser"])
        assert (await opened.post(mail_link(mails(platform)[0]))).status_code == 303
        assert (await thief.get("/sign-in/second")).status_code == 410
        assert (await opened.get("/sign-in/second")).status_code == 200


async def test_a_double_click_does_once(platform: Platform) -> None:
    await small_town(platform)
    platform.portal_clock.set(platform.portal_clock())
    async with browser(platform) as opened, browser(platform) as second:
        await opened.get("/sign-in")
        for key in ("one", "one", "two"):
            answer = await ask(opened, ADVISER, idempotency_key=key)
            assert answer.headers["Location"] == "/sign-in/mail"
        assert len(mails(platform)) == 2
        asked = opened.cookies["luotsi-browser"]
        link = mail_link(mails(platform)[-1])
        assert (await opened.post(link)).headers["Location"] == "/sign-in/second"
        second.cookies.set("luotsi-browser", asked)  # what the second click sent along
        assert (await second.post(link)).headers["Location"] == "/sign-in/second"
        assert (await second.get("/sign-in/second")).status_code == 410  # it opens nothing by itself
        phone = Phone(platform, app_secret((await opened.get("/sign-in/second")).text))
        second.cookies.set("luotsi-browser", opened.cookies["luotsi-browser"])
        for each in (opened, second):
            answer = await each.post("/sign-in/second/app", data={"code": phone.code()})
            assert answer.status_code == 303
        assert answer.headers["Location"] == "/"
        assert (await who(opened), await who(second)) == (ADVISER, None)


async def test_the_answer_says_of_no_address_whether_it_is_a_member_s(platform: Platform) -> None:
    await small_town(platform)
    seen = []
    for address in (ADVISER, "nobody@navigaattori.example"):
        async with browser(platform) as opened:
            answer = await ask(opened, address)
            page = await opened.get("/sign-in/mail")
            wrong = await opened.post("/sign-in/code", data={"code": "0000 0000"})
            cookies = [part for cookie in answer.headers.get_list("Set-Cookie") for part in cookie.split(";")[1:]]
            seen.append((answer.status_code, answer.headers["Location"], cookies, len(page.text), wrong.status_code))
    assert seen[0] == seen[1]
    assert [mail["To"] for mail in mails(platform)] == [ADVISER]
    assert await platform.scalar("portal", "SELECT count(*) FROM attempts WHERE kind = 'mail'") == 2
    assert await platform.scalar("portal", "SELECT count(*) FROM people") == 0


async def test_mail_to_one_account_is_limited_and_the_answer_stays_the_same(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        most = LIMITS["mail_to_account"].most
        answers = [await ask(opened, ADVISER) for _ in range(most + 2)]
        assert {(answer.status_code, answer.headers["Location"]) for answer in answers} == {(303, "/sign-in/mail")}
        assert len(mails(platform)) == most
        assert (await opened.post(mail_link(mails(platform)[0]))).status_code == 303  # what was sent still works


async def test_asking_from_one_network_address_is_limited(platform: Platform) -> None:
    await small_town(platform)
    platform.portal_clock.set(platform.portal_clock())
    async with browser(platform) as opened:
        for number in range(LIMITS["mail_from_address"].most):
            assert (await ask(opened, f"nobody{number}@kuopio.example")).status_code == 303
        assert (await ask(opened, ADVISER)).status_code == 429
        await _pass(platform, LIMITS["mail_from_address"].within)
        assert (await ask(opened, ADVISER)).status_code == 303


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "adviser",
        f"{ADVISER}\r\nBcc: thief@elsewhere.example",
        f"{ADVISER}%0d%0aBcc: thief@elsewhere.example",
        f"{ADVISER},thief@elsewhere.example",
        "adviser@navigaattori.example\nSubject: x\n\n",
    ],
)
async def test_a_typed_address_brings_nothing_else_into_a_mail(platform: Platform, typed: str) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        answer = await ask(opened, typed)
    assert answer.status_code in (303, 422)
    for mail in mails(platform):
        assert (mail["To"], mail["Bcc"], mail["Subject"]) == (ADVISER, None, "Sign in to Luotsi")


@pytest.mark.parametrize(
    "return_to", ["//elsewhere.example", "https://elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)"]
)
async def test_nobody_is_led_elsewhere_after_signing_in(platform: Platform, return_to: str) -> None:
    await small_town(platform)
    async with browser(platform) as first, browser(platform) as second:
        phone = await enrol(platform, first, ADVISER, return_to=return_to)
        answer = await come_back(platform, second, ADVISER, phone, return_to=return_to)
        assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("token", ["x", "%00", "a" * 43, "../../account"])
async def test_a_link_that_nobody_sent_leads_nowhere(platform: Platform, token: str) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        await ask(opened, ADVISER)
        assert (await opened.get(f"/sign-in/link/{token}")).status_code in (303, 404, 410)
        assert (await opened.post(f"/sign-in/link/{token}")).status_code in (404, 405, 410)


async def _deactivated(town: Town) -> None:
    await town.facts.deactivate(town.adviser)


async def _without_organization(town: Town) -> None:
    await town.facts.organization("navigaattori", organization_id=town.navigaattori, active=False)


@pytest.mark.parametrize("leave", [_deactivated, _without_organization])
async def test_who_has_no_access_any_more_is_told_so_by_mail_alone(platform: Platform, leave) -> None:  # type: ignore[no-untyped-def]
    town = await small_town(platform)
    await leave(town)
    await platform.settle()
    async with browser(platform) as opened:
        assert (await ask(opened, ADVISER)).headers["Location"] == "/sign-in/mail"
    [mail] = [mail for mail in mails(platform, ADVISER) if "no access" in mail["Subject"]]
    assert "/sign-in/link/" not in mail.get_content()


@pytest.mark.parametrize("leave", [_deactivated, _without_organization])
async def test_who_loses_access_between_the_mail_and_the_code_does_not_get_in(platform: Platform, leave) -> None:  # type: ignore[no-untyped-def]
    town = await small_town(platform)
    async with browser(platform) as first, browser(platform) as second, browser(platform) as third:
        phone = await enrol(platform, first, ADVISER)
        phone.wait()
        await prove_mail(platform, second, ADVISER)
        await ask(third, ADVISER)
        await leave(town)
        await platform.settle()
        answer = await second.post("/sign-in/second", data={"code": phone.code()})
        assert answer.status_code == 403
        assert "Ask your organisation" in answer.text
        assert (await third.post(mail_link(mails(platform, ADVISER)[-1]))).status_code in (403, 410)
        for opened in (first, second, third):
            assert await who(opened) is None


async def test_a_member_s_session_ends_with_the_account_and_does_not_go_on_when_it_returns(platform: Platform) -> None:
    town = await small_town(platform)
    async with browser(platform) as opened:
        await enrol(platform, opened, ADVISER)
        await town.facts.deactivate(town.adviser)
        await platform.settle()
        assert await who(opened) is None
        await town.facts.member(ADVISER, town.navigaattori, "adviser", again=town.adviser)
        await platform.settle()
        assert await who(opened) is None


async def test_a_member_whose_address_changes_is_another_person_s_account(platform: Platform) -> None:
    town = await small_town(platform)
    new = "new.adviser@navigaattori.example"
    async with browser(platform) as opened, browser(platform) as later:
        await enrol(platform, opened, ADVISER)
        await town.facts.member(new, town.navigaattori, "adviser", again=town.adviser, former_email=ADVISER)
        await platform.settle()
        assert await who(opened) is None
        before = len(mails(platform, ADVISER))
        await ask(later, ADVISER)
        assert len(mails(platform, ADVISER)) == before
        await enrol(platform, later, new)
        assert await who(later) == new


async def test_whoever_reads_the_database_learns_no_secret(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        phone = await enrol(platform, opened, ADVISER)
        codes = recovery_codes((await opened.get("/account/recovery-codes")).text)
    async with browser(platform) as other:
        await ask(other, ADVISER)
        mail = mails(platform, ADVISER)[-1]
        secrets = [phone.secret, *codes, mail_link(mail).rpartition("/")[2], other.cookies["luotsi-browser"]]
        secrets += [mail_code(mail), mail_code(mail).replace(" ", "")]
    for table in ("attempts", "authenticators", "recovery_codes", "people", "counts", "sessions"):
        kept = await platform.scalar("portal", f"SELECT string_agg(t::text, '') FROM {table} t") or ""
        assert [secret for secret in secrets if secret in kept] == []


async def test_a_form_of_another_site_asks_for_no_mail(platform: Platform) -> None:
    await small_town(platform)
    async with browser(platform) as opened:
        elsewhere = {"Sec-Fetch-Site": "cross-site", "Origin": "https://elsewhere.example"}
        answer: httpx2.Response = await opened.post("/sign-in/mail", data={"email": ADVISER}, headers=elsewhere)
        assert answer.status_code == 403
    assert mails(platform) == []


async def test_the_mail_goes_over_smtp_and_a_failure_is_logged_without_what_is_in_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    sender = sender_of("Kuopion kaupunki, Luotsi <luotsi@kuopio.example>")
    async with MailServer() as server:
        url = server.url
        await SignInMail(SmtpMailer(url), sender).send("Kirjaudu", ADVISER, "fi", ["Koodi 1234 5678"])
        assert server.recipients == [ADVISER]
        [taken] = server.taken
        assert (taken["Subject"], "1234 5678" in taken.get_content()) == ("Kirjaudu", True)
    assert caplog.text == ""
    await SignInMail(SmtpMailer(url), sender).send("Kirjaudu", ADVISER, "fi", ["Koodi 1234 5678"])
    assert "a mail about signing in was not sent" in caplog.text
    assert (ADVISER in caplog.text, "1234 5678" in caplog.text) == (False, False)
