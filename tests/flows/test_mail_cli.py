"""`luotsi mail`: the mail server is tried, what fails is shown without whose it is, and sent when somebody says so."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from luotsi.platform.process import PlatformError
from services.notifications.use_cases.delivery_events import DELIVERED, DELIVERY_FAILED
from tests.builders import Town, small_town
from tests.flows.certificates import Authority, server_context
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue, mail_events
from tests.flows.notifications_story import Story, count
from tests.flows.operating import luotsi
from tests.platform import Platform

ME = "operator@kuopio.example"


async def run(platform: Platform, *arguments: str, **environment: Any) -> tuple[int, str]:
    """Exit code and what is said, also by what ends a command."""
    try:
        done = await asyncio.to_thread(luotsi, platform, "mail", *arguments, **environment)
    except PlatformError as error:
        return 1, str(error)
    return done.exit_code, " ".join(done.output.split())


@pytest.fixture
async def town(platform: Platform) -> Town:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    return town


async def test_a_test_mail_arrives(platform: Platform, tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate = server_context(authority.certificate("mail"))
    async with MailServer(login=("luotsi", "secret"), starttls=certificate, host="127.0.0.2") as server:
        told = {"SMTP_URL": f"smtp://luotsi:secret@{server.host}:{server.port}", "SMTP_CA_FILE": str(authority.file)}
        code, said = await run(platform, "test", ME, MAIL_FROM="Luotsi <luotsi@kuopio.example>", **told)
        assert (code, said) == (0, f"127.0.0.2:{server.port} has taken it: whether it arrives, {ME} shows")
        [mail] = server.taken
        assert (mail["To"], mail["From"], mail["Subject"]) == (ME, "Luotsi <luotsi@kuopio.example>", "Luotsi: test")
        told["SMTP_CA_FILE"] = ""
        code, said = await run(platform, "test", ME, **told)
        assert (code, "nobody here trusts the authority" in said, "secret" in said) == (1, True, False)
    assert len(server.taken) == 1


@pytest.mark.parametrize(
    ("address", "settings", "reason"),
    [
        ("nobody", {"SMTP_URL": "smtp://127.0.0.1:9"}, "@-sign"),
        (ME, {"SMTP_URL": ""}, "no mail server is set (SMTP_URL): mail is kept in"),
        (ME, {"SMTP_URL": "mail.example"}, "SMTP_URL must look like"),
        (ME, {"SMTP_URL": "smtp://127.0.0.1:9"}, "127.0.0.1:9: SMTPConnectError"),
    ],
)
async def test_what_keeps_it_from_arriving_is_said(
    platform: Platform, address: str, settings: dict[str, str], reason: str
) -> None:
    code, said = await run(platform, "test", address, **settings)
    assert (code, reason in said) == (1, True), said


async def test_a_server_that_refuses_is_quoted(platform: Platform) -> None:
    async with MailServer(refuse="550 5.7.1 relaying denied") as server:
        code, said = await run(platform, "test", ME, SMTP_URL=server.url)
    assert (code, said.endswith("refuses it for good: 550 5.7.1 relaying denied")) == (1, True)


async def test_what_fails_is_listed_and_sent_at_once_when_told_to(platform: Platform, town: Town) -> None:
    clock = Clock()
    async with MailServer(refuse=f"450 4.2.1 {town.desk.email} is full") as server:
        for hours in (0, 1, 1, 1, 1):
            clock.forward(timedelta(hours=hours))
            await delivery_queue(platform, clock, server).step()
        code, shown = await run(platform, "list")
        assert (code, "450 4.2.1 (the mail server wants to be asked again later)" in shown) == (0, True)
        assert town.desk.email not in shown
        server.refuse = None
        clock.forward(timedelta(seconds=5))
        assert await delivery_queue(platform, clock, server).step() == 0, "not before an hour"
        assert await run(platform, "retry", "--all") == (0, "1 is tried now")
        assert await delivery_queue(platform, clock, server).step() == 1
    assert server.recipients == [town.desk.email]
    assert await run(platform, "retry", "--all") == (0, "0 are tried now")


async def test_what_was_given_up_begins_anew_and_the_platform_hears_of_it(platform: Platform, town: Town) -> None:
    clock = Clock()
    async with MailServer(refuse="550 5.1.1 unknown") as server:
        await delivery_queue(platform, clock, server).step()
        await platform.settle()
        given_up = await platform.scalar("notifications", "SELECT id FROM deliveries WHERE status = 'exhausted'")
        assert str(given_up) in (await run(platform, "list"))[1]
        server.refuse = None
        assert await run(platform, "retry", str(given_up)) == (0, "1 is tried now")
        clock.forward(timedelta(seconds=5))
        await delivery_queue(platform, clock, server).step()
    assert town.desk.email in server.recipients
    told = [event for event in await mail_events(platform) if event in (DELIVERED, DELIVERY_FAILED)]
    assert told[0] == DELIVERY_FAILED
    assert DELIVERED in told[1:]
    await platform.settle()
    proofs = "SELECT status FROM deliveries WHERE id = :id ORDER BY sequence DESC LIMIT 1"
    assert await platform.scalar("referral", proofs, id=given_up) == "delivered"
    code, said = await run(platform, "retry", str(given_up))
    assert (code, "do not fail, or are under way" in said) == (1, True)


async def test_what_is_in_hand_and_what_was_given_up_long_ago_is_left_alone(platform: Platform, town: Town) -> None:
    clock = Clock()
    async with MailServer(refuse="450 later") as server:
        await delivery_queue(platform, clock, server).step()
    assert await count(platform, "deliveries", "status = 'failed'") == 1
    assert await run(platform, "retry", "--all") == (0, "0 are tried now"), "it is due in five seconds"
    async with platform.owners["notifications"].engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE notices SET created_at = created_at - interval '4 days'")
        await connection.exec_driver_sql(
            "UPDATE deliveries SET status = 'exhausted', next_attempt_at = NULL WHERE status = 'failed'"
        )
    assert await run(platform, "retry", "--all") == (0, "0 are tried now")
    assert await run(platform, "retry", "--all", "--days", "5") == (0, "1 is tried now")


async def test_it_has_to_be_said_which(platform: Platform) -> None:
    code, said = await run(platform, "retry")
    assert (code, "or --all" in said) == (1, True)
