"""Mail: readable, in the right words, to the right address, as a file or over SMTP."""

from datetime import datetime
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from shared.mail.files import FileMailer
from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue, mail_events, read
from tests.flows.notifications_story import Story, count
from tests.platform import Platform


@pytest.fixture
async def town(platform: Platform) -> Town:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    return town


async def test_mail_without_a_server_is_a_readable_file(platform: Platform) -> None:
    town = await small_town(platform)
    story = Story.of(platform, town)
    await story.tell("accepted", "target", status="accepted")
    await platform.settle()
    assert await delivery_queue(platform, Clock()).step() == 1

    (path,) = platform.mail.iterdir()
    raw = path.read_text(encoding="utf-8")
    assert "Subject: Ohjaus KUO-7F3K-92\n" in raw
    assert "navigaattori (fi)" in raw
    message = read(path)
    assert message["To"] == town.adviser.email
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Message-ID"] == f"<{path.stem}@localhost>"
    assert message["Content-Transfer-Encoding"] == "8bit"
    assert message.get_content() == (
        "Ohjaus KUO-7F3K-92 on hyväksytty\n"
        "\n"
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
    await delivery_queue(platform, Clock()).step()
    messages = {str(message["To"]): message for message in map(read, platform.mail.iterdir())}
    assert set(messages) == {"post@businesskuopio.example", town.desk.email}
    shared = messages["post@businesskuopio.example"]
    assert shared["Subject"] == "Ohjaus KUO-7F3K-92 / Hänvisning KUO-7F3K-92 / Referral KUO-7F3K-92"
    titles = ("Kiireellinen ohjaus KUO-7F3K-92", "Brådskande hänvisning KUO-7F3K-92", "Urgent referral KUO-7F3K-92")
    assert [title in shared.get_content().splitlines() for title in titles] == [True, True, True]
    assert [word in shared.get_content() for word in ("Avaa", "Öppna", "Open")] == [True, True, True]
    assert "Avaa" not in messages[town.desk.email].get_content()


async def test_mail_speaks_the_language_of_choice(platform: Platform, town: Town) -> None:
    async with platform.client("notifications", town.desk) as client:
        await client.put("/preferences", json={"email": True, "language": "sv"})
    await delivery_queue(platform, Clock()).step()
    (path,) = platform.mail.iterdir()
    assert read(path)["Subject"] == "Hänvisning KUO-7F3K-92"
    assert "Ny hänvisning KUO-7F3K-92\n" in read(path).get_content()
    assert read(path)["Content-Language"] == "sv"


async def test_mail_goes_out_over_smtp(platform: Platform, town: Town) -> None:
    async with MailServer() as server:
        assert await delivery_queue(platform, Clock(), server).step() == 1
        (message,) = server.taken
    assert server.recipients == [town.desk.email]
    assert message["Subject"] == "Referral KUO-7F3K-92"
    assert message.get_content().splitlines()[0] == "New referral KUO-7F3K-92"
    assert message["From"] == "Luotsi <luotsi@kuopio.example>"
    delivery: UUID = await platform.scalar("notifications", "SELECT id FROM deliveries WHERE channel = 'email'")
    assert message["Message-ID"] == f"<{delivery}@kuopio.example>"
    created: datetime = await platform.scalar("notifications", "SELECT created_at FROM notices")
    assert message["Date"].datetime == created.replace(microsecond=0)
    assert await count(platform, "deliveries", "channel = 'email' AND status = 'delivered' AND attempts = 1") == 1


async def test_a_repeat_overwrites_its_own_file(platform: Platform, town: Town, tmp_path: Path) -> None:
    message = EmailMessage()
    message.set_content("once")
    delivery = town.desk.id
    for _ in range(2):
        await FileMailer(tmp_path / "mail").send(delivery, message)
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [f"{delivery}.eml"]


async def test_who_left_gets_no_mail_any_more(platform: Platform, town: Town) -> None:
    await town.facts.deactivate(town.desk)  # the last of the desk: nobody is left to pass it on to
    await platform.settle()
    assert await delivery_queue(platform, Clock()).step() == 0
    assert await count(platform, "deliveries", "status = 'withdrawn'") == 1
    assert not platform.mail.exists()


async def test_who_has_read_it_and_left_gets_no_mail_either(platform: Platform, town: Town) -> None:
    async with platform.client("notifications", town.desk) as client:
        (notice,) = (await client.get("/notices")).json()["contents"]
        await client.post(f"/notices/{notice['id']}/seen")
    await town.facts.deactivate(town.desk)
    await platform.settle()
    assert await delivery_queue(platform, Clock()).step() == 1
    assert await count(platform, "deliveries", "status = 'withdrawn'") == 1
    assert not platform.mail.exists()


async def test_a_desk_address_that_is_gone_gets_no_mail(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.organization("business-kuopio", organization_id=town.business, email="post@businesskuopio.example")
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    await town.facts.organization("business-kuopio", organization_id=town.business)
    await platform.settle()
    await delivery_queue(platform, Clock()).step()
    assert [read(path)["To"] for path in platform.mail.iterdir()] == [town.desk.email]
    assert await count(platform, "deliveries", "status = 'withdrawn'") == 1


async def test_a_broken_address_holds_up_nobody(platform: Platform) -> None:
    town = await small_town(platform)
    await town.facts.member("no address\nBcc: all@example.com", town.business, "recipient")
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    async with MailServer() as server:
        assert await delivery_queue(platform, Clock(), server).step() == 2
    assert server.recipients == [town.desk.email]
    assert await count(platform, "deliveries", "status = 'exhausted' AND attempts = 1") == 1


async def test_a_mail_that_cannot_be_kept_leaves_no_half_file(tmp_path: Path) -> None:
    delivery, message = uuid4(), EmailMessage()
    message.set_content("Read me.")
    (tmp_path / "mail" / f"{delivery}.eml").mkdir(parents=True)  # in the way
    with pytest.raises(OSError, match="directory"):
        await FileMailer(tmp_path / "mail").send(delivery, message)
    assert [path.name for path in (tmp_path / "mail").iterdir()] == [f"{delivery}.eml"]
