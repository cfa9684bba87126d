"""Each way to sign in, in a browser on a whole platform: with scripts and without, with a device that has passkeys."""

import asyncio
import re
import time
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import asyncpg
import pyotp
import pytest
from playwright.async_api import CDPSession, Page

from tests.browser import Windows
from tests.journeys.running import PATIENCE, Running
from tests.portal.axe import violations
from tests.portal.providers import CLIENT_ID, CLIENT_SECRET, PASSWORD, Canaille, canaille

pytestmark = pytest.mark.journey

_DEVICE: dict[str, Any] = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}


async def mail_to(running: Running, address: str, after: int) -> str:
    """The text of the mail about signing in that came to an address after so many of them."""
    for _ in range(int(PATIENCE / 0.2)):
        found = _mails(running, address)
        if len(found) > after:
            return found[-1]
        await asyncio.sleep(0.2)
    raise AssertionError(f"no mail came to {address}")


def _mails(running: Running, address: str) -> list[str]:
    paths: list[Path] = sorted((running.data / "mail").glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
    read = (message_from_bytes(path.read_bytes(), policy=policy.default) for path in paths)
    return [each.get_content() for each in read if each["To"] == address and "/sign-in/link/" in each.get_content()]


async def ask_for_mail(page: Page, running: Running, address: str) -> str:
    """Type an address on the sign-in page, and read the mail."""
    before = len(_mails(running, address))
    await page.goto("/sign-in?lang=en")
    await page.get_by_label("E-mail address").fill(address)
    await page.locator("#send-mail").click()
    await page.wait_for_url("**/sign-in/mail*")
    return await mail_to(running, address, before)


async def answer_by_link(page: Page, mail: str) -> None:
    """Open the link of a mail, and press its button."""
    await page.goto(_link(mail))
    await page.locator("#go-on").click()
    await page.wait_for_url("**/sign-in/second*")


async def minutes_pass(platform: Running, happening: str = "UPDATE sessions SET proved_at = NULL") -> None:
    """Let it be some minutes later for the portal."""
    connection = await asyncpg.connect(platform.facts["databases"]["portal"])
    try:
        await connection.execute(happening)
    finally:
        await connection.close()


def _link(mail: str) -> str:
    """The address of the link in a mail."""
    found = re.search(r"http://\S+/sign-in/link/\S+", mail)
    assert found is not None
    return found[0]


async def _is_well(page: Page, *, javascript: bool) -> None:
    """The step is accessible, and nothing of it is cut off on a phone."""
    if not javascript:
        return
    assert await violations(page) == []
    await page.set_viewport_size({"width": 320, "height": 640})
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await page.set_viewport_size({"width": 1280, "height": 900})


async def set_up_app(page: Page, *, javascript: bool) -> pyotp.TOTP:
    """Set up an authenticator app as the page says, and keep the recovery codes."""
    await _is_well(page, javascript=javascript)
    assert await page.locator(".qr-code").is_visible()
    phone = pyotp.TOTP((await page.locator("#secret").inner_text()).replace(" ", ""))
    await page.locator("#code").fill(phone.now())
    await page.locator("#confirm-app").click()
    await page.wait_for_url("**/account/recovery-codes*")
    assert await page.locator("#recovery-codes li").count() == 10
    await _is_well(page, javascript=javascript)
    await page.locator("#kept").click()
    return phone


async def signed_in_as(page: Page) -> str:
    """The account in the page's head."""
    await page.goto("/account")
    return (await page.locator(".account-name").inner_text()).strip()


async def sign_out(page: Page, *, javascript: bool = True) -> None:
    """Sign out by the menu in the page's head."""
    await page.goto("/account")
    if javascript:
        await page.locator("#account summary").click()
        await page.locator("#sign-out").click()
    else:
        await page.context.clear_cookies()
    await page.goto("/sign-in")


async def with_device(page: Page) -> tuple[CDPSession, str]:
    """A device that makes and uses passkeys, as part of the browser; it knows its owner until a test says otherwise."""
    session = await page.context.new_cdp_session(page)
    await session.send("WebAuthn.enable")
    added = await session.send("WebAuthn.addVirtualAuthenticator", {"options": _DEVICE})
    return session, str(added["authenticatorId"])


@pytest.mark.parametrize(
    ("javascript", "address"), [(True, "desk@savonia.example"), (False, "desk@uef.example")], ids=["script", "plain"]
)
async def test_by_mail_and_a_code_of_the_phone(
    windows: Windows, running_portal: Running, address: str, *, javascript: bool
) -> None:
    page = await windows.open(javascript=javascript, language="en")
    mail = await ask_for_mail(page, running_portal, address)
    await _is_well(page, javascript=javascript)
    await answer_by_link(page, mail)
    phone = await set_up_app(page, javascript=javascript)
    assert await signed_in_as(page) == address
    await sign_out(page, javascript=javascript)

    mail = await ask_for_mail(page, running_portal, address)
    other = await windows.open(javascript=javascript, language="en")  # read on another device: its link leads nowhere
    await other.goto(_link(mail))
    assert await other.locator("#go-on").count() == 0
    code = re.search(r"\b\d{4} \d{4}\b", mail)
    assert code is not None
    await page.locator("#code").fill(code[0])
    await page.locator("#send-code").click()
    await page.wait_for_url("**/sign-in/second*")
    await page.locator("#code").fill("000 000")
    await page.locator("#send-code").click()
    assert await page.locator("#code[aria-invalid=true]").count() == 1
    await _is_well(page, javascript=javascript)
    await page.locator("#code").fill(phone.at(int(time.time()) + 30))  # the present one was used to set the app up
    await page.locator("#send-code").click()
    await page.wait_for_url("/")
    assert await signed_in_as(page) == address

    await minutes_pass(running_portal)  # and what one signs in with is changed by who shows it again
    await page.goto("/account")
    await page.locator("#make-codes").click()
    await page.wait_for_url("**/account/prove*")
    await _is_well(page, javascript=javascript)
    await minutes_pass(running_portal, "UPDATE authenticators SET last_step = 0")  # the phone has shown another code
    await page.locator("#code").fill(phone.now())
    await page.locator("#send-code").click()
    await page.wait_for_url("**/account")
    await page.locator("#make-codes").click()
    await page.locator("#recovery-codes").wait_for()
    assert await page.locator("#recovery-codes li").count() == 10


async def test_by_a_passkey_of_the_device(windows: Windows, running_portal: Running) -> None:
    address = "desk@kompassi.example"
    page = await windows.open(language="en")
    session, device = await with_device(page)
    await answer_by_link(page, await ask_for_mail(page, running_portal, address))
    await page.locator("#passkey-button").click()
    await page.wait_for_url("**/account/recovery-codes*")
    await page.locator("#kept").click()
    assert await signed_in_as(page) == address
    await sign_out(page)

    await page.locator("#passkey-button").click()  # no address, no mail
    await page.wait_for_url("/")
    assert await signed_in_as(page) == address

    await sign_out(page)
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
    await page.locator("#passkey-button").click()
    await page.locator("[data-failed]:visible").wait_for()
    assert await page.evaluate("location.pathname") == "/sign-in"
    await session.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
    await page.locator("#passkey-button").click()
    await page.wait_for_url("/")

    await page.goto("/account")
    await minutes_pass(running_portal)
    await page.locator("#passkey-button").click()  # the page was made before
    await page.wait_for_url("**/account/prove*")
    await page.locator("#passkey-button").click()
    await page.wait_for_url("**/account")
    await page.locator("details[id^=passkey-] summary").click()
    await page.locator("button[id^=remove-]").click()
    await page.wait_for_url("**/account#passkeys")
    await sign_out(page)
    await page.locator("#passkey-button").click()
    await page.locator("#problems").wait_for()
    assert await page.locator(".account-name").count() == 0


async def test_without_scripts_no_button_leads_to_a_passkey(windows: Windows) -> None:
    page = await windows.open(javascript=False)
    await page.goto("/sign-in")
    assert await page.locator("#passkey-button").is_visible() is False
    assert await page.locator("#send-mail").is_visible()


async def through(page: Page, provider: Canaille, name: str) -> None:
    """Sign in at the provider, with password and code."""
    for field, typed in (("login", name), ("password", PASSWORD), ("otp", provider.code())):
        await page.locator(f"[name={field}]").fill(typed)
        await page.locator(f"[name={field}]").press("Enter")


async def take_into_use(office: Page, address: str, provider: Canaille) -> None:
    """Set the provider of an organisation, test it, and take it into use."""
    await office.goto(f"{address}?lang=en")
    await office.locator("#issuer").fill(provider.issuer)
    await office.locator("#client_id").fill(CLIENT_ID)
    await office.locator("#client_secret").fill(CLIENT_SECRET)
    await office.locator("#save").click()
    await office.locator("#run-test").click()
    await through(office, provider, "admin")
    await office.get_by_text("The test succeeded.").wait_for()
    await office.locator("#use").click()
    await office.get_by_text("In use:").wait_for()


async def test_by_the_organisation_s_own_provider(windows: Windows, running_portal: Running) -> None:
    boss, member = "admin@luotsi.example", "desk@digicenterns.example"
    redirect_uri = f"{running_portal.facts['portal']}/sign-in/provider/answer"
    with canaille([boss, member], "password", "otp", redirect_uri=redirect_uri) as provider:
        office = await windows.signed_in(boss, language="en")
        organization = await asyncio.to_thread(_organization_of, running_portal, member)
        await take_into_use(office, f"/organizations/{organization}/sign-in", provider)

        page = await windows.open(language="en")
        await page.goto("/sign-in?lang=en")
        await page.locator("[id^=provider-]").click()
        await through(page, provider, "desk")
        await page.wait_for_url("**/sign-in/linking*")
        await _is_well(page, javascript=True)
        before = len(_mails(running_portal, member))
        await page.locator("#email").fill(member)
        await page.locator("#send-mail").click()
        await page.goto(_link(await mail_to(running_portal, member, before)))
        await page.locator("#go-on").click()
        await page.wait_for_url("/")
        assert await signed_in_as(page) == member
        await office.locator("#stop").click()  # the others sign in on this platform too
        await office.get_by_text("Tested, but not in use").wait_for()
    windows.complaints[:] = [each for each in windows.complaints if provider.issuer not in each]


def _organization_of(running: Running, email: str) -> str:
    """The id of the organisation that an account belongs to."""
    with running.client("catalog", email) as client:
        members = client.get("/members").json()["contents"]
    return next(str(each["organization_id"]) for each in members if each["email"] == email)
