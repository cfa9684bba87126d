"""The mail server of the rig: there is one recipient whom it does not know, and there are mails that it never takes.

Which mails, the ids of their deliveries decide, so that server and checks agree without a word.
"""

import ssl
import time
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import Message
from typing import Any, Final
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session

from tests.flows.mail_server import MailServer

_KINDS: Final = 24
_REFUSED, _PUT_OFF = range(2)
_UNKNOWN: Final = "550 5.1.1 no such user here"
_NEVER: Final = "554 5.7.1 not this mail"
_LATER: Final = "452 4.2.2 the mailbox is full"


def is_refused(delivery: UUID) -> bool:
    """Whether the server refuses the mail of this delivery for good."""
    return delivery.int % _KINDS == _REFUSED


def is_put_off(delivery: UUID) -> bool:
    """Whether the server wants to be asked again later, whenever it is given the mail of this delivery."""
    return delivery.int % _KINDS == _PUT_OFF


def delivery_of(mail: Message) -> str:
    """Which delivery a mail belongs to, by its Message-ID."""
    return str(mail["Message-ID"]).strip("<>").partition("@")[0]


@dataclass
class ChoosyMailServer(MailServer):
    """`unknown` is the recipient who does not exist; `turned_away` is when somebody asked for them.

    While `expired` is what it encrypts by, nobody should send anything; `betrayed` counts the mails that came in plain
    text all the same, or encrypted by that. `refused` and `put_off` are, by delivery, when it was told so.
    """

    unknown: str = ""
    expired: ssl.SSLContext | None = None
    betrayed: int = 0
    turned_away: list[float] = field(default_factory=list)
    refused: dict[str, list[float]] = field(default_factory=dict)
    put_off: dict[str, list[float]] = field(default_factory=dict)

    async def handle_RCPT(  # noqa: N802 -- the names are the library's
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        """Take a recipient, unless it is the unknown one."""
        if address == self.unknown:
            self.turned_away.append(time.time())
            return _UNKNOWN
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, unless it is one of those that are never taken."""
        assert isinstance(envelope.content, bytes)
        # One that came in plain text, or by a certificate that was over.
        self.betrayed += self.starttls is not None and (session.ssl is None or server.tls_context is self.expired)
        delivery = delivery_of(message_from_bytes(envelope.content))
        if self.refuse_data is None and is_refused(UUID(delivery)):
            self.refused.setdefault(delivery, []).append(time.time())
            return _NEVER
        if self.refuse_data is None and is_put_off(UUID(delivery)):
            self.put_off.setdefault(delivery, []).append(time.time())
            return _LATER
        return await super().handle_DATA(server, session, envelope)


__all__ = ["ChoosyMailServer", "delivery_of", "is_put_off", "is_refused"]
