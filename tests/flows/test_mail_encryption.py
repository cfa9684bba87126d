"""Mail leaves encrypted: an authority of one's own, a certificate to show, and why it failed, in words."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from uuid import uuid4

import aiosmtplib
import pytest
from pydantic import ValidationError

from services.notifications.channels.email import email_channel
from services.notifications.jobs.delivery_queue import DeliveryQueue
from shared.mail.mailer import mailer_of
from shared.mail.settings import OutgoingMail
from shared.mail.smtp import EncryptionFailed
from shared.publishing.outbox import Outbox
from tests.builders import small_town
from tests.flows.certificates import Authority, server_context
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock
from tests.flows.notifications_story import Story
from tests.flows.operating import luotsi
from tests.platform import Platform

LOGIN = ("luotsi@kuopio.example", "p@ss:word/å")
AS_URL = "luotsi%40kuopio.example:p%40ss%3Aword%2F%C3%A5"
ANOTHER_MACHINE = "127.0.0.2"
"""Not one of the addresses that are taken for this machine's own."""


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def mail() -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "luotsi@kuopio.example", "desk@kuopio.example", "Ohjaus"
    message.set_content("Palvelu\n")
    return message


def url(server: MailServer, login: bool = False) -> str:
    scheme = "smtps" if server.tls_from_the_start else "smtp"
    return f"{scheme}://{f'{AS_URL}@' if login else ''}{server.host}:{server.port}"


async def send(server: MailServer, *, login: bool = False, production: bool = False, **settings: object) -> None:
    environment = "production" if production else "development"
    told = OutgoingMail.model_validate({"smtp_url": url(server, login), "environment": environment, **settings})
    await mailer_of(told).send(uuid4(), mail())


@asynccontextmanager
async def encrypting(way: str, certificate: Path, **others: object) -> AsyncIterator[MailServer]:
    """A mail server that encrypts, in one of the two ways, as that certificate says."""
    clients_of = others.pop("clients_of", None)
    assert clients_of is None or isinstance(clients_of, Path)
    ways = {way: server_context(certificate, clients_of)}
    async with MailServer(host=ANOTHER_MACHINE, **ways, **others) as server:  # type: ignore[arg-type]
        yield server


WAYS = pytest.mark.parametrize("way", ["starttls", "tls_from_the_start"])


@WAYS
async def test_an_authority_of_one_s_own_is_trusted_with_user_and_password(authority: Authority, way: str) -> None:
    async with encrypting(way, authority.certificate("mail"), login=LOGIN) as server:
        await send(server, login=True, production=True, smtp_ca_file=authority.file)
    assert server.logged_in == [LOGIN]
    assert len(server.taken) == 1


@WAYS
@pytest.mark.parametrize(
    ("certificate", "reason"),
    [
        ({"ends_in": timedelta(hours=-1)}, "the mail server's certificate has expired"),
        ({"addresses": ("127.0.0.9",)}, "the mail server's certificate is for another address than SMTP_URL has"),
    ],
)
async def test_a_certificate_that_does_not_hold_is_refused_with_its_reason(
    authority: Authority, way: str, certificate: dict[str, object], reason: str
) -> None:
    async with encrypting(way, authority.certificate("mail", **certificate)) as server:  # type: ignore[arg-type]
        with pytest.raises(EncryptionFailed) as caught:
            await send(server, smtp_ca_file=authority.file)
    assert str(caught.value) == f"no encrypted connection: {reason}"
    assert server.taken == []


@WAYS
async def test_only_the_authority_that_is_named_is_trusted(authority: Authority, tmp_path: Path, way: str) -> None:
    other = Authority(tmp_path, "other")
    async with encrypting(way, other.certificate("mail")) as server:
        for trusted in (None, authority.file):
            with pytest.raises(EncryptionFailed, match="nobody here trusts the authority"):
                await send(server, smtp_ca_file=trusted)
        assert server.taken == []
        await send(server, smtp_ca_file=other.file)


@WAYS
async def test_a_server_that_asks_for_a_certificate_is_shown_one(authority: Authority, way: str) -> None:
    own = authority.certificate("luotsi")
    async with encrypting(way, authority.certificate("mail"), clients_of=authority.file) as server:
        # What is seen of it depends on who closes first.
        with pytest.raises((EncryptionFailed, aiosmtplib.SMTPException, OSError)):
            await send(server, smtp_ca_file=authority.file)
        assert server.taken == []
        await send(server, smtp_ca_file=authority.file, smtp_certificate_file=own)
    assert len(server.taken) == 1


async def test_production_sends_nothing_unencrypted_to_another_machine_unless_it_is_told_to() -> None:
    async with MailServer(host=ANOTHER_MACHINE) as server:
        with pytest.raises(EncryptionFailed, match="does not offer it"):
            await send(server, production=True)
        assert server.taken == []
        await send(server, production=True, smtp_plain=True)
        await send(server)
        assert len(server.taken) == 2
        with pytest.raises(EncryptionFailed, match="does not offer it"):
            await send(server, login=True, smtp_plain=True)  # a password never
    async with MailServer() as here:
        await send(here, production=True)
    assert len(here.taken) == 1


@pytest.mark.parametrize("setting", ["smtp_ca_file", "smtp_certificate_file"])
@pytest.mark.parametrize("content", [None, "", "no certificate\n"])
def test_files_that_are_of_no_use_are_refused_at_the_start(tmp_path: Path, setting: str, content: str | None) -> None:
    path = tmp_path / "file.pem"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ValidationError, match=setting.upper()):
        OutgoingMail.model_validate({"smtp_url": "smtp://mail.example", setting: path})


def test_a_key_without_its_certificate_is_refused(authority: Authority) -> None:
    with pytest.raises(ValidationError, match="set SMTP_CERTIFICATE_FILE too"):
        OutgoingMail.model_validate({"smtp_key_file": authority.certificate("luotsi")})


def test_an_environment_says_with_nothing_that_there_is_none() -> None:
    assert OutgoingMail.model_validate({"smtp_ca_file": "", "smtp_key_file": ""}).tls_context() is None


async def test_log_and_doctor_say_why_and_name_nobody(
    platform: Platform, authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    clock = Clock()

    async def attempt(server: MailServer) -> str:
        told = {"smtp_url": url(server), "smtp_ca_file": str(authority.file), "mail_from": "luotsi@kuopio.example"}
        settings = platform.settings["notifications"].model_copy(update=told)
        settings = type(settings).model_validate(settings.model_dump() | told)
        channel = email_channel(settings)
        clock.forward(timedelta(days=1))
        caplog.clear()
        with caplog.at_level(logging.WARNING):
            queue = DeliveryQueue(platform.databases["notifications"], Outbox("notifications"), channel, clock)
            assert await queue.step() == 1
        redis = platform.servers.redis_urls["operator"]
        shown = await asyncio.to_thread(luotsi, platform, "doctor", REDIS_URL=redis, COLUMNS="400")
        [line] = [line for line in shown.stdout.splitlines() if "  mail " in line]
        [record] = [each.message for each in caplog.records if "failed, attempt" in each.message]
        assert town.desk.email not in line + record
        assert "Virtanen" not in line + record
        why = record.partition(": ")[2]
        assert why in line
        return why

    async with encrypting("starttls", authority.certificate("mail", ends_in=timedelta(hours=-1))) as server:
        assert await attempt(server) == "no encrypted connection: the mail server's certificate has expired"
    async with MailServer(refuse=f"450 4.2.1 <{town.desk.email}>: box of M. Virtanen is full") as server:
        assert await attempt(server) == "450 4.2.1 (the mail server wants to be asked again later)"
    async with MailServer(login=LOGIN) as server:
        assert "(the mail server wants a login, another one, or encryption)" in await attempt(server)
    async with MailServer(refuse=f"550 5.1.1 <{town.desk.email}>: M. Virtanen is unknown") as server:
        assert await attempt(server) == "550 5.1.1 (refused for good)"
