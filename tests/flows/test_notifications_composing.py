"""Composing: whatever stands in the database, a mail is whole and short-lined, or given up at once with the reason."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.channels.channel import DeliveryAttempt
from services.notifications.channels.email_rendering import compose
from services.notifications.domain.wording import About
from services.notifications.tables import Notice
from services.notifications.texts import LANGUAGES, notice_texts
from shared.events.envelope import Names
from shared.mail.addresses import sender_of
from tests.builders import small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue, mail_events
from tests.flows.notifications_story import Story, count
from tests.platform import Platform

SENDER = sender_of("Kuopion kaupunki, Luotsi <luotsi@kuopio.example>")


def attempt(name: str = "Kompassi", *, urgent: bool = False, earlier: int = 0) -> DeliveryAttempt:
    names = Names(fi=name, sv=name, en=name)
    about = About(
        reference="KUO-7F3K-92",
        status="requested",
        urgent=urgent,
        by_side="source",
        source_organization_id=uuid4(),
        source=names,
        target_organization_id=uuid4(),
        target=names,
        service_id=uuid4(),
        service=names,
    )
    notice = Notice(
        event_id=uuid4(),
        event_type="referral.sent.v1",
        correlation_id="c",
        referral_id=uuid4(),
        reference=about.reference,
        recipient_organization_id=uuid4(),
        about=about.model_dump(mode="json"),
        created_at=datetime.now(UTC),
    )
    before = tuple(f"<{UUID(int=number)}@kuopio.example>" for number in range(earlier))
    return DeliveryAttempt(uuid4(), 1, notice, "desk@kompassi.example", LANGUAGES, earlier=before)


LONG = ["x" * 5000, "ohjaus " * 2000, "ä" * 5000, "شەھەر" * 900, "." * 3000, "From " * 500, "😀" * 2000]


@pytest.mark.parametrize("name", LONG)
def test_no_line_is_longer_than_smtp_allows(name: str) -> None:
    message = compose(attempt(name, earlier=300), "desk@kompassi.example", sender=SENDER, public_url="http://localhost")
    raw = message.as_bytes()
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    read = message_from_bytes(raw, policy=policy.default)
    assert " ".join(name.split()) in read.get_content()


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_no_name_adds_a_header_or_a_line(name: str) -> None:
    plain, odd = (
        message_from_bytes(
            compose(attempt(each), "desk@kompassi.example", sender=SENDER, public_url="http://localhost").as_bytes(),
            policy=policy.default,
        )
        for each in ("Kompassi", name)
    )
    assert odd.keys() == plain.keys()
    assert not odd.defects
    assert len(odd.get_content().split("\n")) == len(plain.get_content().split("\n"))


def test_programs_are_asked_not_to_answer() -> None:
    message = compose(attempt(), "desk@kompassi.example", sender=SENDER, public_url="http://localhost")
    assert message["Auto-Submitted"] == "auto-generated"
    assert {"OOF", "AutoReply"} <= set(message["X-Auto-Response-Suppress"].split(", "))
    assert message["From"].addresses[0].display_name == "Kuopion kaupunki, Luotsi"


def test_an_urgent_referral_is_marked_and_said_in_the_first_line() -> None:
    urgent, routine = (
        compose(attempt(urgent=each), "desk@kompassi.example", sender=SENDER, public_url="http://localhost")
        for each in (True, False)
    )
    assert (urgent["Importance"], routine["Importance"]) == ("high", None)
    about = attempt(urgent=True).notice.facts
    assert urgent.get_content().splitlines()[0] == notice_texts("referral.sent.v1", about, "fi").title


@pytest.mark.parametrize(
    "address",
    ["a..b@kuopio.fi", ".a@kuopio.fi", "päivystys@kuopio.fi", "a\u200bb@kuopio.fi", "no address", "a" * 2000 + "@x.fi"],
)
async def test_an_address_in_the_database_that_is_none_is_given_up_at_once(platform: Platform, address: str) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    async with platform.databases["notifications"].engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE members SET email = $1 WHERE id = $2", (address, town.desk.id))
    clock = Clock()
    async with MailServer() as server:
        await delivery_queue(platform, clock, server).step()
        clock.forward(timedelta(days=2))
        await delivery_queue(platform, clock, server).step()
    given_up = "status = 'exhausted' AND attempts = 1 AND last_error LIKE 'the mail cannot be written: %'"
    assert await count(platform, "deliveries", given_up) == 1
    assert address not in server.recipients
    assert (await mail_events(platform))[0] == "notification.delivery_failed.v1"


async def test_what_a_mail_server_says_is_kept_in_whatever_letters(platform: Platform) -> None:
    town = await small_town(platform)
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    async with MailServer() as server:
        server.refuse_in_octets = b"550 k\xe4ytt\xe4j\xe4\x00 ei ole\r\n"
        await delivery_queue(platform, Clock(), server).step()
    kept = await platform.scalar("notifications", "SELECT last_error FROM deliveries WHERE status = 'exhausted'")
    assert kept.startswith("550 k")
