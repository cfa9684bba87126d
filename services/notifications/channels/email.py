"""The channel e-mail: each notice is a mail, sent over SMTP, or kept as a file where there is no mail server."""

import asyncio
import os
from email.message import EmailMessage
from email.policy import EmailPolicy
from pathlib import Path
from typing import Final, Protocol
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from services.notifications.channels.channel import DeliveryAttempt, NoAddress, Refused
from services.notifications.channels.email_rendering import compose
from services.notifications.domain.channels import EMAIL
from services.notifications.settings import NotificationSettings

_ANSWER_SECONDS: Final = 15.0
_WHOLE_SECONDS: Final = 45.0
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")


_READABLE: Final = EmailPolicy(utf8=True, cte_type="8bit", max_line_length=None)
"""How mail is written into files: each header on one line, and every letter as itself."""


class Mailer(Protocol):
    """Takes mail from the platform."""

    async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
        """Hand `message` over. Raises Refused when the recipient is refused for good, anything else otherwise."""


class EmailChannel:
    """Composes mail and hands it to a mailer.

    `sender` is an address, with or without a name; links in mail begin with `public_url`.
    """

    name: Final = EMAIL

    def __init__(self, mailer: Mailer, sender: str, public_url: str) -> None:
        self._mailer = mailer
        self._sender = sender
        self._public_url = public_url

    async def deliver(self, attempt: DeliveryAttempt) -> str:
        """Send one mail; returns its Message-ID. Raises NoAddress, Refused, or what went wrong for now."""
        if not attempt.email:
            raise NoAddress
        message = compose(attempt, attempt.email, sender=self._sender, public_url=self._public_url)
        await self._mailer.send(attempt.delivery_id, message)
        return str(message["Message-ID"])


class SmtpMailer:
    """Hands mail to the server at `url`: smtp://user:password@host:port, or smtps:// for TLS from the start.

    Over smtp:// the connection is encrypted when the server offers STARTTLS; with a password it must be,
    unless the server is on this machine.
    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._port = parts.port or (465 if self._tls else 587 if self._user else 25)
        must_encrypt = not self._tls and self._user is not None and self._host not in _LOOPBACK
        self._start_tls = True if must_encrypt else None

    async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
        """Send over a connection made for this one mail."""
        try:
            async with asyncio.timeout(_WHOLE_SECONDS):
                await aiosmtplib.send(
                    message,
                    hostname=self._host,
                    port=self._port,
                    username=self._user,
                    password=self._password,
                    use_tls=self._tls,
                    start_tls=False if self._tls else self._start_tls,
                    timeout=_ANSWER_SECONDS,
                )
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            if first.code >= 500:
                raise Refused(f"{first.code} {first.message}") from None
            raise first from None


class FileMailer:
    """Keeps mail readable in `folder`, one file per delivery; a repeat overwrites its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, delivery_id: UUID, message: EmailMessage) -> None:
        """Write the file, whole or not at all."""
        await asyncio.to_thread(self._write, self._folder / f"{delivery_id}.eml", message)

    def _write(self, path: Path, message: EmailMessage) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                file.write(message.as_bytes(policy=_READABLE))
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)  # half a mail is of no use, and takes up room on a disk that may be full
            raise


def email_channel(settings: NotificationSettings) -> EmailChannel:
    """The channel as the settings want it: over SMTP where they name a server, else into files."""
    url = settings.smtp_url.get_secret_value()
    mailer = SmtpMailer(url) if url else FileMailer(settings.mail_dir)
    return EmailChannel(mailer, settings.mail_from, settings.public_url)
