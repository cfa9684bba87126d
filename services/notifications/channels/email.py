"""The channel e-mail: each notice is a mail, sent over SMTP, or kept as a file where there is no mail server."""

from email.errors import MessageError
from email.message import EmailMessage
from typing import Final, Protocol
from uuid import UUID

from services.notifications.channels.channel import DeliveryAttempt, NoAddress, Refused
from services.notifications.channels.email_rendering import compose
from services.notifications.channels.mail_files import FileMailer
from services.notifications.channels.smtp import SmtpMailer
from services.notifications.domain.channels import EMAIL
from services.notifications.domain.mail_addresses import sender_of
from services.notifications.settings import NotificationSettings


class Mailer(Protocol):
    """Takes mail from the platform."""

    async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
        """Hand `message` over. Raises Refused when it is refused for good, anything else otherwise."""


class EmailChannel:
    """Composes mail and hands it to a mailer.

    `sender` is an address, with or without a name; ValueError when it is none. Links in mail begin with `public_url`.
    """

    name: Final = EMAIL

    def __init__(self, mailer: Mailer, sender: str, public_url: str) -> None:
        self._mailer = mailer
        self._sender = sender_of(sender)
        self._public_url = public_url

    async def deliver(self, attempt: DeliveryAttempt) -> str:
        """Send one mail; returns its Message-ID. Raises NoAddress, Refused, or what went wrong for now.

        A mail that cannot be composed is Refused: it would be as wrong at each further attempt.
        """
        if not attempt.email:
            raise NoAddress
        try:
            message = compose(attempt, attempt.email, sender=self._sender, public_url=self._public_url)
        except (ValueError, MessageError) as error:
            raise Refused(f"the mail cannot be written: {error}") from error
        await self._mailer.send(attempt.delivery_id, message)
        return str(message["Message-ID"])


def email_channel(settings: NotificationSettings) -> EmailChannel:
    """The channel as the settings want it: over SMTP where they name a server, else into files."""
    url = settings.smtp_url.get_secret_value()
    mailer = SmtpMailer(url) if url else FileMailer(settings.mail_dir)
    return EmailChannel(mailer, settings.mail_from, settings.public_url)
