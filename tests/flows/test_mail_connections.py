"""Connections to the mail server: kept for the next mail, ended when none comes, and made anew when they are lost."""

import asyncio
from email.message import EmailMessage
from uuid import uuid4

import aiosmtplib
import pytest

from shared.mail.smtp import MailRefused, SmtpMailer
from tests.flows.mail_server import MailServer

SOON = 0.2
"""Seconds for which connections are kept here"""


def mail(subject: str = "Ohjaus") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "luotsi@kuopio.example"
    message["To"] = "desk@businesskuopio.example"
    message["Subject"] = subject
    message.set_content("Tekstiä\n")
    return message


async def ended(server: MailServer) -> None:
    """Wait until every connection that was made has ended as it should."""
    async with asyncio.timeout(20):
        while server.left < server.connections:
            await asyncio.sleep(0.02)


async def test_mails_one_after_the_other_go_over_one_connection_which_ends_by_itself() -> None:
    async with MailServer() as server:
        mailer = SmtpMailer(server.url, rest_seconds=SOON)
        for number in range(5):
            await mailer.send(uuid4(), mail(str(number)))
        assert (server.connections, server.left) == (1, 0)
        await ended(server)
    assert [message["Subject"] for message in server.taken] == ["0", "1", "2", "3", "4"]


async def test_mails_at_the_same_moment_have_a_connection_each_and_these_are_used_again() -> None:
    async with MailServer() as server:
        mailer = SmtpMailer(server.url, rest_seconds=SOON)
        for _ in range(3):
            await asyncio.gather(*(mailer.send(uuid4(), mail()) for _ in range(4)))
        assert server.connections == 4
        await ended(server)
    assert len(server.taken) == 12


async def test_after_fifty_mails_there_is_a_new_connection() -> None:
    async with MailServer() as server:
        mailer = SmtpMailer(server.url, rest_seconds=SOON)
        for _ in range(51):
            await mailer.send(uuid4(), mail())
        assert (server.connections, server.left) == (2, 1)
        await ended(server)


async def test_a_connection_that_the_server_has_ended_meanwhile_is_made_anew() -> None:
    async with MailServer(hang_up="taken") as server:
        mailer = SmtpMailer(server.url, rest_seconds=60)
        for _ in range(3):
            await mailer.send(uuid4(), mail())
    assert server.connections == 3
    assert len(server.taken) == 3


async def test_what_is_refused_spoils_no_mail_after_it() -> None:
    async with MailServer(refuse="550 5.1.1 unknown") as server:
        mailer = SmtpMailer(server.url, rest_seconds=SOON)
        with pytest.raises(MailRefused):
            await mailer.send(uuid4(), mail("to nobody"))
        server.refuse, server.refuse_data = None, "451 try later"
        with pytest.raises(aiosmtplib.SMTPDataError):
            await mailer.send(uuid4(), mail("too early"))
        server.refuse_data = None
        await mailer.send(uuid4(), mail("to somebody"))
        assert server.connections == 1
        await ended(server)
    assert [message["Subject"] for message in server.taken] == ["to somebody"]
    assert server.recipients == ["desk@businesskuopio.example"]


async def test_a_connection_that_was_cut_off_in_the_middle_is_never_used_again() -> None:
    async with MailServer(hang_up="before") as server:
        mailer = SmtpMailer(server.url, rest_seconds=SOON)
        with pytest.raises(aiosmtplib.SMTPServerDisconnected):
            await mailer.send(uuid4(), mail("lost"))
        server.hang_up = None
        await mailer.send(uuid4(), mail("there"))
        assert server.connections == 2
        async with asyncio.timeout(20):
            while server.left < 1:
                await asyncio.sleep(0.02)
    assert [message["Subject"] for message in server.taken] == ["there"]


async def test_without_a_time_to_rest_each_mail_has_a_connection_of_its_own() -> None:
    async with MailServer() as server:
        mailer = SmtpMailer(server.url)
        for _ in range(2):
            await mailer.send(uuid4(), mail())
        assert (server.connections, server.left) == (2, 2)
