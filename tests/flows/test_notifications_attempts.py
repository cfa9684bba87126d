"""Attempts: mail is tried again when it must be, never lost, and never two mails by design."""

import asyncio
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

import pytest

from services.notifications.domain.retries import CLAIM, MAX_ATTEMPTS, RETRY_AFTER
from services.notifications.use_cases import deliveries
from services.notifications.use_cases.delivery_events import DELIVERY_FAILED
from shared.mail.mailer import Mailer
from shared.mail.smtp import SmtpMailer
from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue, mail_events
from tests.flows.notifications_story import Story, count
from tests.platform import Platform


@pytest.fixture
async def town(platform: Platform) -> Town:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    return town


async def test_a_server_that_is_away_or_busy_is_tried_again(platform: Platform, town: Town) -> None:
    clock = Clock()
    async with MailServer() as server:
        sender = delivery_queue(platform, clock, server)
        await server.stop()
        assert await sender.step() == 1
        assert await sender.step() == 0, "not before its time"
        await server.start()
        server.refuse = "450 greylisted, come back later"
        clock.forward(RETRY_AFTER[0])
        assert await sender.step() == 1
        assert (
            await count(platform, "deliveries", "status = 'failed' AND last_error LIKE '%450%' AND attempts = 2") == 1
        )
        server.refuse, server.refuse_data = None, "451 disk full"
        clock.forward(RETRY_AFTER[1])
        assert await sender.step() == 1
        server.refuse_data = None
        clock.forward(RETRY_AFTER[2])
        assert await sender.step() == 1
        assert len(server.taken) == 1
    assert await count(platform, "deliveries", "status = 'delivered' AND attempts = 4 AND last_error IS NULL") == 1
    assert await mail_events(platform) == ["notification.delivered.v1"]


async def test_a_success_that_could_not_be_written_down_is_written_later(
    platform: Platform, town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise ConnectionError

    async with MailServer() as server:
        sender = delivery_queue(platform, Clock(), server)
        with monkeypatch.context() as patch:
            patch.setattr(deliveries, "mark_delivered", away)
            with pytest.raises(ConnectionError):
                await sender.step()
        assert await count(platform, "deliveries", "channel = 'email' AND status = 'pending'") == 1
        assert await sender.step() == 0, "it is claimed, and not sent again"
        assert len(server.taken) == 1
    assert await count(platform, "deliveries", "channel = 'email' AND status = 'delivered'") == 1


async def test_after_the_last_attempt_it_is_given_up_and_told(platform: Platform, town: Town) -> None:
    clock = Clock()
    async with MailServer(refuse="450 later") as server:
        sender = delivery_queue(platform, clock, server)
        for wait in RETRY_AFTER:
            assert await sender.step() == 1
            assert await mail_events(platform) == []
            clock.forward(wait)
        assert await sender.step() == 1
        given_up = await platform.scalar("notifications", "SELECT id FROM deliveries WHERE status = 'exhausted'")
        clock.forward(timedelta(days=30))
        await sender.step()
    assert await count(platform, "deliveries", "id = :id AND attempts = :n", id=given_up, n=MAX_ATTEMPTS) == 1
    (failed,) = [event for event in await platform.published("notifications") if event["subject"] == str(given_up)]
    assert failed["type"] == DELIVERY_FAILED
    assert failed["data"]["attempts"] == MAX_ATTEMPTS
    assert failed["sequence"] == MAX_ATTEMPTS + 1


async def test_a_recipient_refused_for_good_is_given_up_at_once(platform: Platform, town: Town) -> None:
    async with MailServer(refuse="550 5.1.1 no such user") as server:
        await delivery_queue(platform, Clock(), server).step()
    assert await count(platform, "deliveries", "status = 'exhausted' AND attempts = 1") == 1
    assert await mail_events(platform) == [DELIVERY_FAILED]
    async with platform.client("notifications", town.desk) as client:
        (mail,) = [one for one in (await client.get("/deliveries")).json()["contents"] if one["channel"] == "email"]
    assert mail["last_error"].startswith("550")


async def test_a_mail_repeated_after_a_crash_carries_the_same_message_id(platform: Platform, town: Town) -> None:
    class Dies:
        """Hands the mail over, and the process is gone before it can write so down."""

        def __init__(self, way_out: Mailer) -> None:
            self._way_out = way_out

        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            await self._way_out.send(delivery_id, message)
            raise asyncio.CancelledError

    clock = Clock()
    async with MailServer() as server:
        with pytest.raises(asyncio.CancelledError):
            await delivery_queue(platform, clock, server, Dies(SmtpMailer(server.url))).step()
        successor = delivery_queue(platform, clock, server)
        assert await successor.step() == 0, "the attempt is still another's"
        clock.forward(CLAIM)
        assert await successor.step() == 1
    first, repeat = server.taken
    assert first["Message-ID"] == repeat["Message-ID"]
    assert await mail_events(platform) == ["notification.delivered.v1"]


async def test_many_queues_send_each_mail_once(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    for _ in range(30):
        await story.tell("message_sent", "source")
    await platform.settle()
    clock = Clock()
    async with MailServer() as server:
        crew = [delivery_queue(platform, clock, server) for _ in range(4)]
        while sum(await asyncio.gather(*(one.step() for one in crew))):
            pass
    assert len(server.taken) == len({message["Message-ID"] for message in server.taken}) == 30
    assert await count(platform, "deliveries", "status <> 'delivered'") == 0


async def test_what_is_withdrawn_while_it_is_tried_stays_so(platform: Platform, town: Town) -> None:
    class Meanwhile:
        """The recipient leaves while the mail server makes up its mind, and says no."""

        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            await town.facts.deactivate(town.desk)
            await platform.settle()
            raise ConnectionError

    assert await delivery_queue(platform, Clock(), mailer=Meanwhile()).step() == 1
    assert await count(platform, "deliveries", "status = 'withdrawn' AND next_attempt_at IS NULL") == 1
    assert await mail_events(platform) == []


async def test_a_late_failure_does_not_change_when_another_tries_again(platform: Platform, town: Town) -> None:
    clock = Clock()

    class Fails:
        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            raise ConnectionError

    class Slow:
        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            clock.forward(CLAIM)
            assert await delivery_queue(platform, clock, mailer=Fails()).step() == 1
            raise ConnectionError

    assert await delivery_queue(platform, clock, mailer=Slow()).step() == 1
    again_at = await platform.scalar("notifications", "SELECT next_attempt_at FROM deliveries WHERE attempts = 2")
    assert again_at == clock.now + RETRY_AFTER[1]
    assert await count(platform, "deliveries", "status = 'failed' AND version = 2") == 1


async def test_a_late_failure_does_not_undo_what_another_has_taken_up(platform: Platform, town: Town) -> None:
    clock = Clock()
    other = delivery_queue(platform, clock)

    class Slow:
        """Takes longer than an attempt may, so that another queue has sent the mail before it fails."""

        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            clock.forward(CLAIM)
            assert await other.step() == 1
            raise ConnectionError

    assert await delivery_queue(platform, clock, mailer=Slow()).step() == 1
    assert await count(platform, "deliveries", "channel = 'email' AND status = 'delivered' AND attempts = 2") == 1
    assert await mail_events(platform) == ["notification.delivered.v1"]


async def test_a_late_success_is_told_once(platform: Platform, town: Town) -> None:
    clock = Clock()
    other = delivery_queue(platform, clock)

    class Slow:
        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            clock.forward(CLAIM)
            assert await other.step() == 1

    assert await delivery_queue(platform, clock, mailer=Slow()).step() == 1
    assert await mail_events(platform) == ["notification.delivered.v1"]


async def test_what_a_mail_server_says_is_kept_without_identity_codes(platform: Platform, town: Town) -> None:
    async with MailServer(refuse="550 131052-308T is not known here") as server:
        await delivery_queue(platform, Clock(), server).step()
    kept = await platform.scalar("notifications", "SELECT last_error FROM deliveries WHERE status = 'exhausted'")
    assert kept == "550 [personal identity code] is not known here"
