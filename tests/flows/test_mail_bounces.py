"""Mail that comes back after a server has taken it: handed in by it, shown, and told like mail that was given up."""

import re
import subprocess
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr, ValidationError

from services.notifications.domain.bounces import Bounce, read_bounce
from services.notifications.domain.failures import in_short, reason_of
from services.notifications.settings import NotificationsSettings
from services.notifications.use_cases.delivery_events import DELIVERED, DELIVERY_FAILED
from shared.mail.mailer import mailer_of
from shared.mail.settings import OutgoingMail
from tests.builders import Town, small_town
from tests.flows.mail_server import MailServer
from tests.flows.notifications_mailing import Clock, delivery_queue, mail_events
from tests.flows.notifications_story import Story, count, told
from tests.platform import Platform

REPORT = """\
From: MAILER-DAEMON@mail.kuopio.example (Mail Delivery System)
To: luotsi@kuopio.example
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="9F2C1.1796/mail.kuopio.example"

--9F2C1.1796/mail.kuopio.example
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--9F2C1.1796/mail.kuopio.example
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mail.kuopio.example
Arrival-Date: Mon, 30 Nov 2026 05:00:00 +0200 (EET)

Final-Recipient: rfc822; desk@businesskuopio.example
Original-Recipient: rfc822;desk@businesskuopio.example
Action: {action}
Status: {status}
{diagnostic}
--9F2C1.1796/mail.kuopio.example
Content-Description: Undelivered Message
Content-Type: {kind}

ORIGINAL
--9F2C1.1796/mail.kuopio.example--
"""
SECRET = "a secret that the mail server has, too"


def report(
    mail: bytes, *, action: str = "failed", status: str = "5.1.1", said: str = "", headers_only: bool = False
) -> bytes:
    """What a mail server sends back about `mail`, as RFC 3464 has it."""
    kind, original = ("message/rfc822", mail)
    if headers_only:
        kind, original = "text/rfc822-headers", mail.replace(b"\r\n", b"\n").partition(b"\n\n")[0] + b"\n"
    diagnostic = f"Diagnostic-Code: smtp; {said}\n" if said else ""
    return (
        REPORT.format(action=action, status=status, diagnostic=diagnostic, kind=kind)
        .encode()
        .replace(b"ORIGINAL", original)
    )


def own_mail(delivery: object, domain: str = "kuopio.example") -> bytes:
    message = EmailMessage()
    message["From"], message["To"], message["Message-ID"] = (
        "luotsi@kuopio.example",
        "desk@x.example",
        f"<{delivery}@{domain}>",
    )
    message.set_content("Ohjaus")
    return message.as_bytes()


@pytest.fixture
async def town(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Town:
    state = platform.apps["notifications"].state.luotsi
    own = state.settings.model_copy(update={"bounce_secret": SecretStr(SECRET)})
    monkeypatch.setattr(state, "settings", own)
    return await small_town(platform)


async def delivered(platform: Platform, town: Town, event: str = "sent", **of_it: str) -> bytes:
    """The mail that a server took, as it has it."""
    await Story.of(platform, town).tell(event, "source", **of_it)
    await platform.settle()
    async with MailServer() as server:
        assert await delivery_queue(platform, Clock(), server).step() == 1
    await platform.settle()
    return server.raw[0]


async def hand_in(platform: Platform, raw: bytes, **headers: str) -> Any:
    known = {"Authorization": f"Bearer {SECRET}", "Content-Type": "message/rfc822"}
    async with platform.client("notifications") as server:
        return await server.post("/bounces", content=raw, headers=known | headers)


def cut_as_documented(raw: bytes) -> bytes:
    """What the command of the manual hands on of a mail."""
    manual = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text(encoding="utf-8")
    [cut] = re.findall(r"^(.*) \| curl .*Authorization: Bearer \$BOUNCE_SECRET", manual, re.M)
    return subprocess.run(["sh", "-c", cut], input=raw, capture_output=True, check=True).stdout


async def test_of_a_large_report_the_beginning_is_enough(platform: Platform, town: Town) -> None:
    large = report(await delivered(platform, town) + b"\r\nA banner that a gateway has put below the mail." * 2000)
    assert (await hand_in(platform, large)).status_code == 413
    answer = await hand_in(platform, cut_as_documented(large))
    assert (answer.status_code, answer.json()) == (200, {"bounced": 1})


async def shown(platform: Platform, town: Town) -> dict[str, Any]:
    async with platform.client("notifications", town.desk) as desk:
        [mail] = (await desk.get("/deliveries", params={"status": "bounced"})).json()["contents"]
    found: dict[str, Any] = mail
    return found


@pytest.mark.parametrize("headers_only", [False, True])
async def test_a_mail_that_came_back_is_shown_and_told_like_one_that_was_given_up(
    platform: Platform, town: Town, headers_only: bool
) -> None:
    mail = await delivered(platform, town)
    raw = report(mail, said="550 5.1.1 No such user here", headers_only=headers_only)
    answer = await hand_in(platform, raw)
    assert (answer.status_code, answer.json()) == (200, {"bounced": 1})
    found = await shown(platform, town)
    assert found["last_error"] == "returned: 5.1.1 550 5.1.1 No such user here"
    assert found["delivered_at"], "that a server took it stays true"
    assert found["bounced_at"]
    await platform.settle()
    heard = await told(platform, town.adviser, town.desk, town.coordinator)
    failed = DELIVERY_FAILED.removesuffix(".v1")
    assert [address for address, events in heard.items() if failed in events] == [
        town.desk.email,
        town.coordinator.email,
    ]
    assert [event for event in await mail_events(platform) if event in (DELIVERED, DELIVERY_FAILED)][:2] == [
        DELIVERED,
        DELIVERY_FAILED,
    ]
    proof = "SELECT status FROM deliveries WHERE id = :id ORDER BY sequence DESC LIMIT 1"
    assert await platform.scalar("referral", proof, id=found["id"]) == "failed"


async def test_a_report_that_comes_twice_counts_once(platform: Platform, town: Town) -> None:
    raw = report(await delivered(platform, town))
    assert [(await hand_in(platform, raw)).json()["bounced"] for _ in range(3)] == [1, 0, 0]
    assert await count(platform, "deliveries", "status = 'bounced'") == 1
    events = [event for event in await mail_events(platform) if event == DELIVERY_FAILED]
    assert len(events) == 1


@pytest.mark.parametrize("change", [{"action": "delayed", "status": "4.4.1"}, {"action": "relayed"}])
async def test_a_mail_that_is_still_on_its_way_has_not_come_back(
    platform: Platform, town: Town, change: dict[str, Any]
) -> None:
    raw = report(await delivered(platform, town), **change)
    assert (await hand_in(platform, raw)).json() == {"bounced": 0}
    assert await count(platform, "deliveries", "status = 'bounced'") == 0


async def test_what_is_about_no_mail_of_ours_changes_nothing(platform: Platform, town: Town) -> None:
    mail = await delivered(platform, town)
    for raw in (b"", b"\xff\x00 no mail", mail, report(own_mail(uuid4())), report(own_mail("1"))):
        answer = await hand_in(platform, raw)
        assert (answer.status_code, answer.json()) == (200, {"bounced": 0})
    assert await count(platform, "deliveries", "status = 'bounced'") == 0


async def test_what_came_back_before_its_sending_was_written_down_is_to_be_handed_in_again(
    platform: Platform, town: Town
) -> None:
    await Story.of(platform, town).tell("sent", "source")
    await platform.settle()
    waiting = await platform.scalar("notifications", "SELECT id FROM deliveries WHERE status = 'pending'")
    assert (await hand_in(platform, report(own_mail(waiting)))).status_code == 409


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": "Bearer another secret of the same length or so"}, 401),
        ({"Authorization": ""}, 401),
        ({"Authorization": f"Basic {SECRET}"}, 401),
        ({"Content-Type": "application/json"}, 415),
    ],
)
async def test_only_who_has_the_secret_hands_in_mail(
    platform: Platform, town: Town, headers: dict[str, str], status: int
) -> None:
    raw = report(await delivered(platform, town))
    answer = await hand_in(platform, raw, **headers)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert await count(platform, "deliveries", "status = 'bounced'") == 0


async def test_without_a_secret_there_is_no_such_address(platform: Platform) -> None:
    assert (await hand_in(platform, b"", Authorization="Bearer ")).status_code == 404


def test_a_short_secret_is_refused() -> None:
    needed = {"database_url": "postgresql://a@b/c", "redis_url": "redis://a", "jwks": "keys.json"}
    with pytest.raises(ValidationError, match="32 characters at least"):
        NotificationsSettings.model_validate({**needed, "bounce_secret": "short"})


async def test_mail_comes_back_to_the_address_that_is_set() -> None:
    async with MailServer() as server:
        told = OutgoingMail.model_validate({"smtp_url": server.url, "mail_return_path": "returned@kuopio.example"})
        await mailer_of(told).send(uuid4(), message_from_bytes(own_mail(uuid4()), EmailMessage))
    assert server.senders == ["returned@kuopio.example"]
    assert server.taken[0]["From"] == "luotsi@kuopio.example"


def test_operators_see_the_number_of_a_reason_and_no_words() -> None:
    kept = "returned: 5.1.1 550 5.1.1 <desk@kuopio.example>: M. Virtanen is unknown"
    assert in_short(kept) == "5.1.1 (came back after the mail server had taken it)"
    assert reason_of(kept) == "refused"


def test_a_report_is_read_whatever_the_case_of_its_fields() -> None:
    delivery = uuid4()
    raw = report(own_mail(delivery), status="5.2.2").replace(b"Action: failed", b"ACTION:   Failed")
    assert read_bounce(raw) == Bounce(delivery, "5.2.2")
