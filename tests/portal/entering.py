"""People on their way in, for tests: what they type, the mail that they read, the codes of their phone."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import httpx2
import pyotp

from tests.platform import Platform
from tests.portal.signed_in import FROM_THE_PAGE, csrf_token

_LINK = re.compile(r"http://localhost:8000(/sign-in/link/\S+)")
_CODE = re.compile(r"\b(\d{4} \d{4})\b")
_SECRET = re.compile(r'id="secret">([A-Z2-7 ]+)<')
_RECOVERY = re.compile(r"<li><code>([0-9a-z-]{14})</code></li>")


def mails(platform: Platform, to: str | None = None) -> list[EmailMessage]:
    """The mail that lies in the folder, to one address or to all, the oldest first."""
    found = []
    for path in sorted(platform.mail.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name)):
        message = message_from_bytes(path.read_bytes(), policy=policy.default)
        assert isinstance(message, EmailMessage)
        if to is None or message["To"] == to:
            found.append(message)
    return found


def mail_link(message: EmailMessage) -> str:
    """The path of the link in a mail."""
    found = _LINK.search(message.get_content())
    assert found is not None, message.get_content()
    return found[1]


def mail_code(message: EmailMessage) -> str:
    """The code in a mail."""
    found = _CODE.search(message.get_content())
    assert found is not None, message.get_content()
    return found[1]


def app_secret(page: str) -> str:
    """The secret that a page shows for an authenticator app."""
    found = _SECRET.search(page)
    assert found is not None, page
    return found[1].replace(" ", "")


def recovery_codes(page: str) -> list[str]:
    """The recovery codes on a page."""
    return _RECOVERY.findall(page)


@dataclass
class Phone:
    """An authenticator app that shows its codes by the portal's clock."""

    platform: Platform
    secret: str

    def code(self, ahead: timedelta = timedelta()) -> str:
        """The code that the app shows now, or later."""
        return pyotp.TOTP(self.secret).at(self.now + ahead)

    @property
    def now(self) -> datetime:
        """The time on the phone."""
        return self.platform.portal_clock()

    def wait(self) -> None:
        """Wait until the app shows another code."""
        self.platform.portal_clock.set(self.now + timedelta(seconds=31))


@asynccontextmanager
async def browser(platform: Platform, language: str = "en", **headers: str) -> AsyncIterator[httpx2.AsyncClient]:
    """A browser of somebody who is not signed in. Redirects are not followed."""
    async with platform.browser(**FROM_THE_PAGE, **{"Accept-Language": language} | headers) as opened:
        yield opened


async def ask(opened: httpx2.AsyncClient, email: str, **fields: str) -> httpx2.Response:
    """Ask for a mail."""
    return await opened.post("/sign-in/mail", data={"email": email, **fields})


async def prove_mail(platform: Platform, opened: httpx2.AsyncClient, email: str, **fields: str) -> httpx2.Response:
    """Ask for a mail and press the button behind its link: the second factor is asked for then."""
    answer = await ask(opened, email, **fields)
    assert answer.headers["Location"] == "/sign-in/mail", answer.text
    return await opened.post(mail_link(mails(platform, email)[-1]))


async def enrol(platform: Platform, opened: httpx2.AsyncClient, email: str, **fields: str) -> Phone:
    """Sign in for the first time, and set up an authenticator app on the way."""
    platform.portal_clock.set(platform.portal_clock())
    answer = await prove_mail(platform, opened, email, **fields)
    assert answer.headers["Location"] == "/sign-in/second", answer.text
    phone = Phone(platform, app_secret((await opened.get("/sign-in/second")).text))
    answer = await opened.post("/sign-in/second/app", data={"code": phone.code()})
    assert answer.headers["Location"].startswith("/account/recovery-codes"), answer.text
    return phone


async def come_back(
    platform: Platform, opened: httpx2.AsyncClient, email: str, phone: Phone, **fields: str
) -> httpx2.Response:
    """Sign in again, with a mail and a code of the app."""
    phone.wait()
    answer = await prove_mail(platform, opened, email, **fields)
    assert answer.headers["Location"] == "/sign-in/second", answer.text
    return await opened.post("/sign-in/second", data={"code": phone.code()})


async def who(opened: httpx2.AsyncClient) -> str | None:
    """The address of the account that a browser is signed in with; None where it is not."""
    answer = await opened.get("/account")
    if answer.status_code == 303:
        assert answer.headers["Location"].startswith("/sign-in")
        return None
    assert answer.status_code == 200, answer.text
    found = re.search(r'class="account-name">([^<]+)<', answer.text)
    assert found is not None
    return found[1]


async def press(opened: httpx2.AsyncClient, path: str, **fields: str) -> httpx2.Response:
    """Send a form of a member's page."""
    return await opened.post(path, data={"csrf_token": await csrf_token(opened), **fields})
