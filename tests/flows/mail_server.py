"""A real SMTP server on this machine that takes mail, or refuses it as a test wants."""

import asyncio
import ssl
import time
import warnings
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from types import TracebackType
from typing import Any, Self

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailServer:
    """`refuse_sender`, `refuse` and `refuse_data` answer each sender, recipient and mail (such as `550 No such user`).

    `refuse_in_octets` answers each recipient in letters of no known kind. `hang_up` closes the connection "before" it
    would take a mail, or when it has "taken" it. `raw` are the mails octet by octet,
    `taken_at` the times at which they were taken. `login` is the user and password
    that it asks for; `starttls` or `tls_from_the_start` make it encrypt; with `takes_plain` it takes what is not
    encrypted, too. `connections` counts those that were made, `left` those that ended as they should.
    """

    refuse_sender: str | None = None
    refuse: str | None = None
    refuse_data: str | None = None
    refuse_in_octets: bytes | None = None
    hang_up: str | None = None
    login: tuple[str, str] | None = None
    starttls: ssl.SSLContext | None = None
    tls_from_the_start: ssl.SSLContext | None = None
    takes_plain: bool = False
    eight_bit: bool = True
    host: str = "127.0.0.1"
    logged_in: list[tuple[str, str]] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    taken_at: list[float] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    senders: list[str] = field(default_factory=list)
    connections: int = 0
    left: int = 0
    port: int = 0
    _server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; on the same port as before when it listened before."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._conversation, self.host, self.port, ssl=self.tls_from_the_start)
        self.port = self._server.sockets[0].getsockname()[1]

    def _conversation(self) -> SMTP:
        self.connections += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # it warns of passwords without encryption
            return SMTP(
                self,
                enable_SMTPUTF8=True,
                tls_context=self.starttls,
                require_starttls=self.starttls is not None and not self.takes_plain,
                authenticator=self._authenticate if self.login else None,
                auth_required=self.login is not None and not self.takes_plain,
                auth_require_tls=self.starttls is not None,
            )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: LoginPassword
    ) -> AuthResult:
        given = (data.login.decode(), data.password.decode())
        if given != self.login:
            return AuthResult(success=False, handled=False)
        self.logged_in.append(given)
        return AuthResult(success=True)

    async def stop(self) -> None:
        """Stop listening: whoever comes is refused by the machine."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def url(self) -> str:
        """The address for SMTP_URL."""
        return f"smtp://{self.host}:{self.port}"

    async def handle_EHLO(  # noqa: N802 -- the names are the library's
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Say what it can do."""
        session.host_name = hostname
        return [one for one in responses if self.eight_bit or "8BITMIME" not in one]

    async def handle_MAIL(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take a sender, or refuse it."""
        if self.refuse_sender:
            return self.refuse_sender
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[Any]
    ) -> str:
        """Take a recipient, or refuse it."""
        if self.refuse_in_octets:
            _transport(server).write(self.refuse_in_octets)
            _transport(server).close()
            return "250 nobody hears this"
        if self.refuse:
            return self.refuse
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Somebody takes leave."""
        self.left += 1
        return "221 Bye"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take a mail, or refuse it."""
        if self.refuse_data:
            return self.refuse_data
        if self.hang_up == "before":
            _transport(server).abort()
            return "250 nobody hears this"
        assert isinstance(envelope.content, bytes)
        self.raw.append(envelope.content)
        message = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.taken.append(message)
        self.taken_at.append(time.time())
        self.recipients += envelope.rcpt_tos
        self.senders.append(envelope.mail_from or "")
        if self.hang_up == "taken":
            asyncio.get_running_loop().call_soon(_transport(server).close)
        return "250 OK"


def _transport(server: SMTP) -> asyncio.Transport:
    assert isinstance(server.transport, asyncio.Transport)
    return server.transport


__all__ = ["MailServer"]
