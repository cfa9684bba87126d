"""The accessibility statement and feedback, as the act on digital services (306/2019) asks for them."""

import email
from email import policy
from email.message import EmailMessage
from uuid import uuid4

import httpx2
import pytest

from services.portal.channels import feedback_mail
from services.portal.domain.lifetimes import LIMITS
from services.portal.texts import LANGUAGES
from shared.mail.smtp import SmtpMailer
from tests.platform import Platform
from tests.portal.signed_in import hidden_fields, portal_client

FILLED = {"topic": "accessibility", "message": "The list cannot be read aloud.", "email": "reader@mail.example"}


def mails(platform: Platform) -> list[EmailMessage]:
    """The mail that landed in the folder."""
    files = sorted(platform.mail.glob("*.eml")) if platform.mail.exists() else []
    return [email.message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


async def send(browser: httpx2.AsyncClient, **fields: str) -> httpx2.Response:
    """Send the form as a visitor would."""
    hidden = hidden_fields((await browser.get("/feedback")).text)
    return await browser.post("/feedback", data={**hidden, **fields})


@pytest.mark.parametrize("language", LANGUAGES)
async def test_the_statement_holds_what_the_law_asks_for(platform: Platform, language: str) -> None:
    async with portal_client(platform, language=language) as browser:
        page = (await browser.get("/accessibility")).text
    for needed in ("306/2019", "WCAG", "Traficom", "@traficom.fi", "534 5000", "14", "/feedback", "Kuopion kaupunki"):
        assert needed in page, needed
    assert platform.settings["portal"].public_url in page


async def test_every_page_leads_to_statement_and_feedback(platform: Platform) -> None:
    async with portal_client(platform) as browser:
        for path in ("/", "/sign-in", "/feedback", "/nowhere"):
            page = (await browser.get(path)).text
            assert 'href="/accessibility' in page, path
            assert 'href="/feedback' in page, path


async def test_feedback_arrives_as_mail_that_can_be_answered(platform: Platform) -> None:
    async with portal_client(platform) as browser:
        answer = await send(browser, **FILLED)
        assert (answer.status_code, answer.headers["Location"]) == (303, "/feedback/sent")
        assert (await browser.get("/feedback/sent")).status_code == 200
    [mail] = mails(platform)
    assert mail["To"] == "luotsi@localhost"
    assert mail["Reply-To"] == "reader@mail.example"
    assert mail["Subject"] == "Feedback on Luotsi: Accessibility"
    assert FILLED["message"] in mail.get_content()


async def test_sent_twice_it_is_one_mail(platform: Platform) -> None:
    async with portal_client(platform) as browser:
        key = str(uuid4())
        for _ in range(2):
            answer = await browser.post("/feedback", data={**FILLED, "idempotency_key": key})
            assert answer.status_code == 303
    assert len(mails(platform)) == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"topic": ""}, "topic"),
        ({"topic": "<script>"}, "topic"),
        ({"message": "   "}, "message"),
        ({"message": "x" * 4001}, "message"),
        ({"message": "Client 131052-308T cannot sign in"}, "message"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@mail.example\r\nBcc: b@mail.example"}, "email"),
    ],
)
async def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(
    platform: Platform, changed: dict[str, str], field: str
) -> None:
    async with portal_client(platform) as browser:
        answer = await send(browser, **{**FILLED, **changed})
    assert answer.status_code == 422
    assert f'href="#{field}"' in answer.text
    assert f'id="{field}-error"' in answer.text
    assert "<script>" not in answer.text
    kept = "message" if field != "message" else "email"
    assert FILLED[kept] in answer.text
    assert mails(platform) == []


async def test_where_mail_cannot_leave_what_was_typed_stays(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody_there = SmtpMailer("smtp://127.0.0.1:9")
    monkeypatch.setattr(feedback_mail, "mailer_of", lambda _: nobody_there)
    async with portal_client(platform) as browser:
        answer = await send(browser, **FILLED)
    assert answer.status_code == 503
    assert FILLED["message"] in answer.text
    assert "could not be sent" in answer.text


async def test_nobody_fills_the_mailbox_of_the_operator(platform: Platform) -> None:
    most = LIMITS["feedback_from_address"].most
    async with portal_client(platform) as browser:
        answers = [await send(browser, **FILLED) for _ in range(most + 1)]
    assert [answer.status_code for answer in answers] == [303] * most + [429]
    assert len(mails(platform)) == most
