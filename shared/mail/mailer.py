"""Who takes mail from the platform: a mail server, or a folder where there is none."""

from email.message import EmailMessage
from typing import Protocol
from uuid import UUID

from shared.mail.counted import CountedMailer
from shared.mail.files import FileMailer
from shared.mail.settings import OutgoingMail
from shared.mail.smtp import SmtpMailer


class Mailer(Protocol):
    """Takes mail from the platform."""

    async def send(self, mail_id: UUID, message: EmailMessage) -> None:
        """Hand `message` over. Raises MailRefused when it is refused for good, and anything else otherwise."""


def mailer_of(settings: OutgoingMail, *, rest_seconds: float = 0.0) -> Mailer:
    """The mailer as the settings want it: over SMTP where they name a server, else into files.

    `rest_seconds` is how long a connection is kept for the next mail.
    """
    by_smtp = settings.smtp_url.get_secret_value()
    return CountedMailer(smtp_mailer(settings, rest_seconds) if by_smtp else FileMailer(settings.mail_dir))


def smtp_mailer(settings: OutgoingMail, rest_seconds: float = 0.0) -> SmtpMailer:
    """The mailer over SMTP, for settings that name a server."""
    return SmtpMailer(
        settings.smtp_url.get_secret_value(),
        tls=settings.tls_context(),
        must_encrypt=settings.must_encrypt,
        return_path=settings.mail_return_path,
        rest_seconds=rest_seconds,
    )
