"""Feedback of people who use the portal, as a mail to whoever runs it. It is kept nowhere else."""

from email.message import EmailMessage
from email.policy import SMTP
from typing import Final
from uuid import UUID

from services.portal.texts import text
from shared.clock import utc_now
from shared.mail.addresses import in_ascii, sender_of
from shared.mail.mailer import Mailer, mailer_of
from shared.mail.settings import MailSettings

_AUTOMATIC: Final = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply"}


class FeedbackMail:
    """Sends feedback to `to`, or to the address that the platform's mail comes from."""

    def __init__(self, settings: MailSettings, to: str, mailer: Mailer | None = None) -> None:
        self._sender = sender_of(settings.mail_from)
        self._to = to or self._sender.address
        self._mailer = mailer or mailer_of(settings)

    async def send(self, mail_id: UUID, topic: str, message: str, answer_to: str, language: str) -> None:
        """Send what somebody wrote; who asked for an answer is answered by replying. Raises what the mailer does.

        The same `mail_id` gives the same Message-ID, by which a second copy is known.
        """
        mail = EmailMessage(policy=SMTP)
        mail["From"] = self._sender.header
        mail["To"] = in_ascii(self._to)
        if answer_to:
            mail["Reply-To"] = in_ascii(answer_to)
        mail["Subject"] = text("feedback.mail.subject", language, topic=text(f"feedback.topic.{topic}", language))
        mail["Date"] = utc_now()
        mail["Message-ID"] = f"<feedback.{mail_id}@{self._sender.domain}>"
        for name, value in _AUTOMATIC.items():
            mail[name] = value
        how = text("feedback.mail.answer" if answer_to else "feedback.mail.no_answer", language)
        mail.set_content(f"{message}\n\n{how}\n", cte="quoted-printable")
        mail["Content-Language"] = language
        await self._mailer.send(mail_id, mail)
