"""Mail over SMTP, and what the answers of a mail server mean for a mail."""

import asyncio
import ssl
from email.message import EmailMessage
from typing import Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

import aiosmtplib

from shared.mail.connections import Connections
from shared.mail.tls import fault_of

_ANSWER_SECONDS: Final = 15.0
_WHOLE_SECONDS: Final = 45.0
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
_NOT_LET_IN: Final = frozenset({503, 530, 534, 535, 538})
"""Answers by which a server asks for a login, another one, or encryption: not the recipient's affair."""


class MailRefused(Exception):
    """The mail server will never take this mail: sending it again would be of no use."""


class EncryptionFailed(Exception):
    """No encrypted connection to the mail server; the reason, in words without any address."""


def reason_in_short(error: Exception) -> str:
    """Why a mail did not leave, for a log: without what a server said, which may name somebody."""
    return str(error) if isinstance(error, EncryptionFailed) else type(error).__name__


class SmtpMailer:
    """Hands mail to the server at `url`: smtp://user:password@host:port, or smtps:// for TLS from the start.

    Over smtp:// the connection is encrypted when the server offers STARTTLS; with a password, and with `must_encrypt`,
    it must be, unless the server is on this machine. `tls` says how; None for what every program here does, as it was
    when the first mail left. Mail that comes back goes to `return_path`, else to the address in its `From`. A
    connection is kept for `rest_seconds` after a mail, for the next one.
    """

    def __init__(
        self,
        url: str,
        *,
        tls: ssl.SSLContext | None = None,
        must_encrypt: bool = False,
        return_path: str = "",
        rest_seconds: float = 0.0,
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._tls = parts.scheme == "smtps"
        self._user = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._port = parts.port or (465 if self._tls else 587 if self._user else 25)
        must = (must_encrypt or self._user is not None) and self._host not in _LOOPBACK
        self._start_tls = False if self._tls else True if must else None
        self._context = tls
        self._return_path = return_path or None
        self._connections = Connections(self._client, rest_seconds)

    @property
    def server(self) -> str:
        """Host and port, and no password."""
        return f"{self._host}:{self._port}"

    async def send(self, mail_id: UUID, message: EmailMessage) -> None:
        """Send one mail.

        Raises MailRefused when the server refuses sender, recipient or mail for good (5xx), and EncryptionFailed. What
        else goes wrong (connection, login) and what is refused for now (4xx) raises the library's own exceptions.
        """
        try:
            async with asyncio.timeout(_WHOLE_SECONDS):
                if self._context is None:  # reading all the authorities takes longer than all the rest
                    self._context = await asyncio.to_thread(ssl.create_default_context)
                async with self._connections.one() as client:
                    await client.send_message(message, sender=self._return_path)
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _meant(error.recipients[0]) from None
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            raise _meant(error) from None
        except (aiosmtplib.SMTPException, OSError) as error:
            if fault := fault_of(error):
                raise EncryptionFailed(f"no encrypted connection: {fault}") from None
            raise

    def _client(self) -> aiosmtplib.SMTP:
        return aiosmtplib.SMTP(
            hostname=self._host,
            port=self._port,
            username=self._user,
            password=self._password,
            use_tls=self._tls,
            start_tls=self._start_tls,
            tls_context=self._context,
            timeout=_ANSWER_SECONDS,
        )


def _meant(answer: aiosmtplib.SMTPResponseException) -> Exception:
    """MailRefused for an answer that stays the same at each further attempt; else the answer itself."""
    final = answer.code >= 500 and answer.code not in _NOT_LET_IN
    return MailRefused(f"{answer.code} {answer.message}") if final else answer
