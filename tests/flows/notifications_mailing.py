"""A delivery queue of mail under a test's control: its clock, its mailer, and what became of the mail."""

from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from pydantic import SecretStr

from services.notifications.channels.email import EmailChannel, email_channel
from services.notifications.jobs.delivery_queue import DeliveryQueue
from shared.mail.mailer import Mailer
from shared.mail.settings import MailSettings
from shared.publishing.outbox import Outbox
from tests.flows.mail_server import MailServer
from tests.platform import Platform


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self) -> None:
        self.now = datetime.now(UTC) + timedelta(seconds=1)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, span: timedelta) -> None:
        """Let `span` pass."""
        self.now += span


def delivery_queue(
    platform: Platform, clock: Clock, server: MailServer | None = None, mailer: Mailer | None = None
) -> DeliveryQueue:
    """The queue of the channel e-mail: it sends to `server`, else into files; or by `mailer`, whatever that does."""
    settings: MailSettings = platform.settings["notifications"]
    if server is not None:
        over_smtp = {"smtp_url": SecretStr(server.url), "mail_from": "Luotsi <luotsi@kuopio.example>"}
        settings = settings.model_copy(update=over_smtp)
    channel = EmailChannel(mailer, settings.mail_from, settings.public_url) if mailer else email_channel(settings)
    return DeliveryQueue(platform.databases["notifications"], Outbox("notifications"), channel, clock)


def read(path: Path) -> EmailMessage:
    """A mail out of its file."""
    message = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


async def mail_events(platform: Platform) -> list[str]:
    """Which events were told of mail, oldest first."""
    published = await platform.published("notifications")
    return [event["type"] for event in published if event["data"]["channel"] == "email"]


__all__ = ["Clock", "delivery_queue", "mail_events", "read"]
