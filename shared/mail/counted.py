"""Mail that leaves, counted with its time by what came of it."""

import time
from email.message import EmailMessage
from typing import Final, Protocol
from uuid import UUID

from prometheus_client import Histogram

from shared.mail.smtp import MailRefused

MAILS: Final = Histogram(
    "luotsi_mail_duration_seconds",
    "How long it took to hand a mail over, or to learn that it was refused or failed",
    ["outcome"],
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
for _outcome in ("sent", "refused", "failed"):
    MAILS.labels(_outcome)


class _Mailer(Protocol):
    async def send(self, mail_id: UUID, message: EmailMessage) -> None: ...


class CountedMailer:
    """A mailer of which it is counted how each mail went."""

    def __init__(self, mailer: _Mailer) -> None:
        self._mailer = mailer

    async def send(self, mail_id: UUID, message: EmailMessage) -> None:
        """Send by the mailer that is counted. Raises what that raises."""
        begun, outcome = time.perf_counter(), "failed"
        try:
            await self._mailer.send(mail_id, message)
            outcome = "sent"
        except MailRefused:
            outcome = "refused"
            raise
        finally:
            MAILS.labels(outcome).observe(time.perf_counter() - begun)
