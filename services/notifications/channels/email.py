"""The channel e-mail: each notice is a mail, sent over SMTP, or kept as a file where there is no mail server."""

from email.errors import MessageError
from typing import Final

from services.notifications.channels.channel import DeliveryAttempt, NoAddress, NotNow, Refused
from services.notifications.channels.email_rendering import compose
from services.notifications.domain.channels import EMAIL
from shared.mail.addresses import sender_of
from shared.mail.mailer import Mailer, mailer_of
from shared.mail.settings import MailSettings
from shared.mail.smtp import EncryptionFailed, MailRefused

_REST_SECONDS: Final = 5.0
"""How long a connection to the mail server is kept for the next mail: most come together."""


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
        try:
            await self._mailer.send(attempt.delivery_id, message)
        except MailRefused as refusal:
            raise Refused(str(refusal)) from None
        except EncryptionFailed as failure:
            raise NotNow(str(failure)) from None
        return str(message["Message-ID"])


def email_channel(settings: MailSettings) -> EmailChannel:
    """The channel as the settings want it: over SMTP where they name a server, else into files."""
    return EmailChannel(mailer_of(settings, rest_seconds=_REST_SECONDS), settings.mail_from, settings.public_url)
