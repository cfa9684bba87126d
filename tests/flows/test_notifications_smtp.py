"""SMTP with encryption and passwords, against a real server with a certificate of its own."""

import ssl
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import aiosmtplib
import pytest

from shared.mail.smtp import EncryptionFailed, MailRefused, SmtpMailer
from tests.flows.certificates import Authority, server_context
from tests.flows.mail_server import MailServer

LOGIN = ("luotsi@kuopio.example", "p@ss:word/å")
AS_URL = "luotsi%40kuopio.example:p%40ss%3Aword%2F%C3%A5"


def text_of(message: EmailMessage) -> tuple[str, str]:
    """Subject and text, whatever way they were encoded."""
    return str(message["Subject"]), str(message.get_content()).strip()


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """A server's certificate for this machine, which this process trusts while the test runs."""
    authority = Authority(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    return server_context(authority.certificate("mail"))


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Luotsi <luotsi@kuopio.example>"
    message["To"] = "desk@businesskuopio.example"
    message["Subject"] = "Ohjaus on hyväksytty"
    message.set_content("Palvelu: työ ja yrittäjyys\n", cte="8bit")
    return message


async def test_mail_goes_out_encrypted_from_the_start(certificate: ssl.SSLContext) -> None:
    async with MailServer(login=LOGIN, tls_from_the_start=certificate) as server:
        await SmtpMailer(f"smtps://{AS_URL}@127.0.0.1:{server.port}").send(uuid4(), mail())
    assert server.logged_in == [LOGIN]
    assert [text_of(message) for message in server.taken] == [text_of(mail())]


async def test_mail_goes_out_encrypted_where_the_server_offers_it(certificate: ssl.SSLContext) -> None:
    async with MailServer(login=LOGIN, starttls=certificate) as server:
        await SmtpMailer(f"smtp://{AS_URL}@127.0.0.1:{server.port}").send(uuid4(), mail())
    assert server.logged_in == [LOGIN]
    assert [text_of(message) for message in server.taken] == [text_of(mail())]


async def test_a_password_is_never_sent_in_the_clear_over_the_network() -> None:
    async with MailServer(login=LOGIN, host="127.0.0.2") as server:
        with pytest.raises(EncryptionFailed):
            await SmtpMailer(f"smtp://{AS_URL}@127.0.0.2:{server.port}").send(uuid4(), mail())
    assert server.logged_in == []
    assert server.taken == []


async def test_a_server_on_this_machine_may_take_a_password_without_encryption() -> None:
    async with MailServer(login=LOGIN) as server:
        await SmtpMailer(f"smtp://{AS_URL}@127.0.0.1:{server.port}").send(uuid4(), mail())
    assert len(server.taken) == 1


async def test_a_certificate_that_nobody_vouches_for_is_refused(
    certificate: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    async with MailServer(tls_from_the_start=certificate) as server:
        with pytest.raises(EncryptionFailed):
            await SmtpMailer(f"smtps://127.0.0.1:{server.port}").send(uuid4(), mail())
    assert server.taken == []


async def test_a_wrong_password_is_no_refusal_of_the_recipient() -> None:
    async with MailServer(login=LOGIN) as server:
        with pytest.raises(aiosmtplib.SMTPAuthenticationError):
            await SmtpMailer(f"smtp://luotsi:wrong@127.0.0.1:{server.port}").send(uuid4(), mail())


@pytest.mark.parametrize("where", ["refuse_sender", "refuse", "refuse_data"])
@pytest.mark.parametrize(
    "answer", ["550 5.1.1 unknown", "552 5.3.4 too big", "553 no such", "554 5.7.1 looks odd", "501 no"]
)
async def test_what_is_refused_for_good_is_final(where: str, answer: str) -> None:
    async with MailServer() as server:
        setattr(server, where, answer)
        with pytest.raises(MailRefused, match=answer):
            await SmtpMailer(server.url).send(uuid4(), mail())


@pytest.mark.parametrize("where", ["refuse_sender", "refuse", "refuse_data"])
@pytest.mark.parametrize(
    "answer", ["421 closing", "450 greylisted", "451 try later", "452 disk full", "530 log in first", "535 who are you"]
)
async def test_what_is_refused_for_now_or_for_want_of_a_login_is_not_final(where: str, answer: str) -> None:
    async with MailServer() as server:
        setattr(server, where, answer)
        with pytest.raises(aiosmtplib.SMTPException) as caught:
            await SmtpMailer(server.url).send(uuid4(), mail())
        assert answer.split(maxsplit=1)[0] in str(caught.value)
        setattr(server, where, None)
        await SmtpMailer(server.url).send(uuid4(), mail())
    assert len(server.taken) == 1


async def test_a_server_that_hangs_up_before_it_answers_is_tried_again() -> None:
    async with MailServer(hang_up="before") as server:
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await SmtpMailer(server.url).send(uuid4(), mail())


async def test_a_server_that_hangs_up_after_it_has_taken_the_mail_has_taken_it() -> None:
    async with MailServer(hang_up="taken") as server:
        await SmtpMailer(server.url).send(uuid4(), mail())
    assert len(server.taken) == 1


async def test_encryption_that_fails_is_no_refusal_and_nothing_is_sent_in_the_clear(
    certificate: ssl.SSLContext,
) -> None:
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)  # without a certificate, so that no handshake can succeed
    async with MailServer(starttls=own) as server:
        with pytest.raises((EncryptionFailed, aiosmtplib.SMTPException, OSError)):
            await SmtpMailer(server.url).send(uuid4(), mail())
    assert server.taken == []


async def test_a_server_that_knows_no_eight_bit_mail_gets_it_in_seven() -> None:
    async with MailServer(eight_bit=False) as server:
        await SmtpMailer(server.url).send(uuid4(), mail())
    (message,) = server.taken
    assert message["Content-Transfer-Encoding"] in ("base64", "quoted-printable")
    assert text_of(message) == text_of(mail())
