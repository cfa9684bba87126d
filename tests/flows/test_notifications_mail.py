"""Mail: written readably or sent over SMTP, tried again when it must be, never lost and never two mails by design."""

import asyncio
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from services.notifications.deliverer import CLAIM, Deliverer
from services.notifications.domain import MAX_ATTEMPTS, RETRY_AFTER
from services.notifications.mail import FileMailer, Mailer, SmtpMailer, build_mailer
from services.notifications.settings import NotificationSettings
from shared.outbox import Outbox
from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_story import Story, count
from tests.platform import Platform


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(seconds=1)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, span: timedelta) -> None:
        self.now += span


@pytest.fixture
async def town(platform: Platform) -> Town:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    return town


def deliverer(
    platform: Platform, clock: Clock, server: MailServer | None = None, mailer: Mailer | None = None
) -> Deliverer:
    """Sends through `server`, else into files; or by `mailer`, whatever it does."""
    settings: NotificationSettings = platform.settings["notifications"]
    if server is not None:
        over_smtp = {"smtp_url": SecretStr(server.url), "mail_from": "Luotsi <luotsi@kuopio.example>"}
        settings = settings.model_copy(update=over_smtp)
    way_out = mailer or build_mailer(settings)
    return Deliverer(platform.databases["notifications"], Outbox("notifications"), way_out, settings, clock)


def read(path: Path) -> EmailMessage:
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def mail_events(platform: Platform) -> list[str]:
    published = await platform.published("notifications")
    return [event["type"] for event in published if event["data"]["channel"] == "email"]


async def test_mail_without_a_server_is_a_readable_file(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    await story.tell("accepted", "target", status="accepted")
    await platform.settle()
    assert await deliverer(platform, Clock()).step() == 1

    (path,) = platform.mail.iterdir()
    raw = path.read_text(encoding="utf-8")
    assert "Subject: Ohjaus KUO-7F3K-92 on hyväksytty\n" in raw
    assert "navigaattori (fi)" in raw
    message = read(path)
    assert message["To"] == town.adviser.email
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{path.stem}@localhost>"
    assert message["Content-Transfer-Encoding"] == "8bit"
    assert message.get_content() == (
        "business kuopio (fi) on hyväksynyt ohjauksen palveluun advice for starting a business (fi).\n"
        "\n"
        "Viite: KUO-7F3K-92\n"
        "Palvelu: advice for starting a business (fi)\n"
        "Ohjaava organisaatio: navigaattori (fi)\n"
        "Vastaanottava organisaatio: business kuopio (fi)\n"
        "Tila: hyväksytty\n"
        "\n"
        f"Avaa ohjaus: http://localhost:8000/referrals/{story.state.id}\n"
        "\n"
        "Luotsi lähetti tämän ilmoituksen. Siihen ei voi vastata sähköpostilla.\n"
    )
    assert await mail_events(platform) == ["notification.delivered.v1"]


async def test_a_shared_desk_reads_three_languages(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.organization("business-kuopio", organization_id=town.business, email="post@businesskuopio.example")
    await Story.of(platform, town).tell("sent", "source", urgency="urgent")
    await platform.settle()
    await deliverer(platform, Clock()).step()
    messages = {str(message["To"]): message for message in map(read, platform.mail.iterdir())}
    assert set(messages) == {"post@businesskuopio.example", town.desk.email}
    shared = messages["post@businesskuopio.example"]
    assert shared["Subject"] == (
        "Kiireellinen ohjaus KUO-7F3K-92 / Brådskande hänvisning KUO-7F3K-92 / Urgent referral KUO-7F3K-92"
    )
    assert [word in shared.get_content() for word in ("Avaa", "Öppna", "Open")] == [True, True, True]
    assert "Avaa" not in messages[town.desk.email].get_content()


async def test_mail_goes_out_over_smtp(platform: Platform, town: Town) -> None:
    async with MailServer() as server:
        assert await deliverer(platform, Clock(), server).step() == 1
        (message,) = server.taken
    assert server.recipients == [town.desk.email]
    assert message["Subject"] == "New referral KUO-7F3K-92"
    assert message["From"] == "Luotsi <luotsi@kuopio.example>"
    delivery: UUID = await platform.scalar("notifications", "SELECT id FROM deliveries WHERE channel = 'email'")
    assert message["Message-ID"] == f"<{delivery}@kuopio.example>"
    created: datetime = await platform.scalar("notifications", "SELECT created_at FROM notices")
    assert message["Date"].datetime == created.replace(microsecond=0)
    assert await count(platform, "deliveries", "channel = 'email' AND status = 'delivered' AND attempts = 1") == 1


async def test_a_server_that_is_away_or_busy_is_tried_again(platform: Platform, town: Town) -> None:
    clock = Clock()
    async with MailServer() as server:
        sender = deliverer(platform, clock, server)
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


async def test_after_the_last_attempt_it_is_given_up_and_told(platform: Platform, town: Town) -> None:
    clock = Clock()
    async with MailServer(refuse="450 later") as server:
        sender = deliverer(platform, clock, server)
        for wait in RETRY_AFTER:
            assert await sender.step() == 1
            assert await mail_events(platform) == []
            clock.forward(wait)
        assert await sender.step() == 1
        clock.forward(timedelta(days=30))
        assert await sender.step() == 0
    assert await count(platform, "deliveries", "status = 'exhausted' AND attempts = :n", n=MAX_ATTEMPTS) == 1
    last = (await platform.published("notifications"))[-1]
    assert last["type"] == "notification.delivery_failed.v1"
    assert last["data"]["attempts"] == MAX_ATTEMPTS
    assert last["sequence"] == MAX_ATTEMPTS + 1


async def test_a_recipient_refused_for_good_is_given_up_at_once(platform: Platform, town: Town) -> None:
    async with MailServer(refuse="550 5.1.1 no such user") as server:
        await deliverer(platform, Clock(), server).step()
    assert await count(platform, "deliveries", "status = 'exhausted' AND attempts = 1") == 1
    assert await mail_events(platform) == ["notification.delivery_failed.v1"]
    async with platform.client("notifications", town.desk) as client:
        mail, _ = sorted((await client.get("/deliveries")).json()["contents"], key=lambda one: str(one["channel"]))
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
            await deliverer(platform, clock, server, Dies(SmtpMailer(server.url))).step()
        successor = deliverer(platform, clock, server)
        assert await successor.step() == 0, "the attempt is still another's"
        clock.forward(CLAIM)
        assert await successor.step() == 1
    first, repeat = server.taken
    assert first["Message-ID"] == repeat["Message-ID"]
    assert await mail_events(platform) == ["notification.delivered.v1"]


async def test_a_repeat_overwrites_its_own_file(platform: Platform, town: Town, tmp_path: Path) -> None:
    message = EmailMessage()
    message.set_content("once")
    delivery = town.desk.id
    for _ in range(2):
        await FileMailer(tmp_path / "mail").send(delivery, message)
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [f"{delivery}.eml"]


async def test_many_deliverers_send_each_mail_once(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    for _ in range(30):
        await story.tell("message_sent", "source")
    await platform.settle()
    clock = Clock()
    async with MailServer() as server:
        crew = [deliverer(platform, clock, server) for _ in range(4)]
        while sum(await asyncio.gather(*(one.step() for one in crew))):
            pass
    assert len(server.taken) == len({message["Message-ID"] for message in server.taken}) == 30
    assert await count(platform, "deliveries", "status <> 'delivered'") == 0


async def test_who_left_gets_no_mail_any_more(platform: Platform, town: Town) -> None:
    await town.facts.deactivate(town.desk)  # the last of the desk: nobody is left to pass it on to
    await platform.settle()
    assert await deliverer(platform, Clock()).step() == 0
    assert await count(platform, "deliveries", "status = 'withdrawn'") == 1
    assert not platform.mail.exists()


async def test_who_has_read_it_and_left_gets_no_mail_either(platform: Platform, town: Town) -> None:
    async with platform.client("notifications", town.desk) as client:
        (notice,) = (await client.get("/notices")).json()["contents"]
        await client.post(f"/notices/{notice['id']}/seen")
    await town.facts.deactivate(town.desk)
    await platform.settle()
    assert await deliverer(platform, Clock()).step() == 1
    assert await count(platform, "deliveries", "status = 'withdrawn'") == 1
    assert not platform.mail.exists()


async def test_what_is_withdrawn_while_it_is_tried_stays_so(platform: Platform, town: Town) -> None:
    class Meanwhile:
        """The recipient leaves while the mail server makes up its mind, and says no."""

        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            await town.facts.deactivate(town.desk)
            await platform.settle()
            raise ConnectionError

    assert await deliverer(platform, Clock(), mailer=Meanwhile()).step() == 1
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
            assert await deliverer(platform, clock, mailer=Fails()).step() == 1
            raise ConnectionError

    assert await deliverer(platform, clock, mailer=Slow()).step() == 1
    again_at = await platform.scalar("notifications", "SELECT next_attempt_at FROM deliveries WHERE attempts = 2")
    assert again_at == clock.now + RETRY_AFTER[1]
    assert await count(platform, "deliveries", "status = 'failed' AND version = 2") == 1


async def test_a_late_failure_does_not_undo_what_another_has_taken_up(platform: Platform, town: Town) -> None:
    clock = Clock()
    other = deliverer(platform, clock)

    class Slow:
        """Takes longer than an attempt may, so that another deliverer has sent the mail before it fails."""

        async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
            clock.forward(CLAIM)
            assert await other.step() == 1
            raise ConnectionError

    assert await deliverer(platform, clock, mailer=Slow()).step() == 1
    assert await count(platform, "deliveries", "channel = 'email' AND status = 'delivered' AND attempts = 2") == 1
    assert await mail_events(platform) == ["notification.delivered.v1"]


async def test_a_desk_address_that_is_gone_gets_no_mail(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.organization("business-kuopio", organization_id=town.business, email="post@businesskuopio.example")
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    await town.facts.organization("business-kuopio", organization_id=town.business)
    await platform.settle()
    await deliverer(platform, Clock()).step()
    assert [read(path)["To"] for path in platform.mail.iterdir()] == [town.desk.email]
    assert await count(platform, "deliveries", "status = 'withdrawn'") == 1


async def test_a_broken_address_holds_up_nobody(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.member("no address\nBcc: all@example.com", town.business, "recipient")
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    async with MailServer() as server:
        assert await deliverer(platform, Clock(), server).step() == 2
    assert server.recipients == [town.desk.email]
    assert await count(platform, "deliveries", "status = 'failed' AND attempts = 1") == 1
