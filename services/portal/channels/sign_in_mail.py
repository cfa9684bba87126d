"""Mail about signing in: written here, and sent by the portal itself, for what is in it concerns nobody else.

It goes over no stream, and into no table or log.
"""

import logging
from collections.abc import Sequence
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final

from services.portal.texts import text
from shared.clock import utc_now
from shared.ids import new_id
from shared.mail.addresses import Sender, in_ascii
from shared.mail.mailer import Mailer
from shared.mail.smtp import reason_in_short

log = logging.getLogger(__name__)

_AUTOMATIC: Final = {"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply"}


class SignInMail:
    """Composes mail about signing in, and hands it to a mailer."""

    def __init__(self, mailer: Mailer, sender: Sender) -> None:
        self._mailer = mailer
        self._sender = sender

    async def send(self, subject: str, to: str, language: str, paragraphs: Sequence[str]) -> None:
        """Send a mail. A failure is logged, and no more.

        The person who waits for the mail asks for another one; nobody waits for a notice.
        """
        mail_id = new_id()
        try:
            message = EmailMessage(policy=SMTP)
            message["From"] = self._sender.header
            message["To"] = in_ascii(to)
            message["Subject"] = subject
            message["Date"] = utc_now()
            message["Message-ID"] = f"<{mail_id}@{self._sender.domain}>"
            for name, value in _AUTOMATIC.items():
                message[name] = value
            body = [*paragraphs, text("sign_in_mail.footer", language)]
            message.set_content("\n\n".join(body) + "\n", cte="quoted-printable")
            message["Content-Language"] = language
            await self._mailer.send(mail_id, message)
        except (ValueError, MessageError) as error:
            log.error("a mail about signing in cannot be written: %s", type(error).__name__)
        except Exception as error:
            log.error("a mail about signing in was not sent: %s", reason_in_short(error))
