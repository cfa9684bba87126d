"""A notice as a mail: plain text, in each of the languages in which its recipient reads."""

from email.headerregistry import Address
from email.message import EmailMessage
from functools import lru_cache
from typing import Final
from uuid import UUID

from services.notifications.channels.channel import DeliveryAttempt
from services.notifications.domain.wording import AboutOrganization, Facts, is_urgent
from services.notifications.texts import link_to, notice_texts, placeholders, status_name, text
from shared.mail.addresses import LONGEST_LINE, Sender, in_ascii
from shared.mail.headers import MAIL_POLICY

_RECENT: Final = 9
"""How many earlier mails are named beside the first: enough for a mail program to find the thread by one of them."""

_AUTOMATIC: Final = {
    "Auto-Submitted": "auto-generated",
    # The same for Exchange: no receipts and no notes of absence. Word of a mail that could not be delivered may come.
    "X-Auto-Response-Suppress": "DR, RN, NRN, OOF, AutoReply",
}


def compose(attempt: DeliveryAttempt, to: str, *, sender: Sender, public_url: str) -> EmailMessage:
    """The mail that brings the notice of `attempt` to the address `to`, all of it in ASCII and in short lines.

    Raises ValueError or MessageError when it cannot be written, as where the address is none.
    """
    notice, about = attempt.notice, attempt.notice.facts
    message = EmailMessage(policy=MAIL_POLICY)
    message["From"] = sender.header
    message["To"] = _address(to)
    message["Subject"] = " / ".join(_subject(notice.event_type, about, language) for language in attempt.languages)
    message["Date"] = notice.created_at
    message["Message-ID"] = message_id(attempt.delivery_id, sender.domain)
    if known := attempt.earlier:
        message["In-Reply-To"] = known[-1]
        message["References"] = " ".join([*known[:1], *known[1:][-_RECENT:]])
    for name, value in _AUTOMATIC.items():
        message[name] = value
    if is_urgent(notice.event_type, about):
        message["Importance"] = "high"
    link = link_to(public_url, notice.referral_id, about)
    parts = [_part(notice.event_type, about, language, link) for language in attempt.languages]
    message.set_content("\n\n* * *\n\n".join(parts) + "\n", cte="quoted-printable")
    # After the content: setting that removes every other header whose name begins with "Content-".
    message["Content-Language"] = ", ".join(attempt.languages)
    _check(message)
    return message


def message_id(delivery_id: UUID, domain: str) -> str:
    """The Message-ID of a delivery: the same at each attempt, so that a repeat can be told from a new mail."""
    return f"<{delivery_id}@{domain}>"


def _subject(event_type: str, about: Facts, language: str) -> str:
    """One subject for all that a reader gets about a referral: a changed one would begin another thread."""
    if isinstance(about, AboutOrganization):
        return notice_texts(event_type, about, language).title
    return text("mail.subject", language, reference=about.reference)


def _part(event_type: str, about: Facts, language: str, link: str) -> str:
    """The text of the mail in one language."""
    if isinstance(about, AboutOrganization):
        return _part_without_referral(event_type, about, language, link)
    values = placeholders(about, language) | {"status": status_name(about.status, language)}
    shown = ("reference", "service", "source", "target", "status")
    lines = [f"{text(f'fact.{name}', language)}: {values[name]}" for name in shown]
    words = notice_texts(event_type, about, language)
    invitation = text("mail.open_overview" if about.to_coordinator else "mail.open", language, link=link)
    return "\n".join([words.title, "", words.body, "", *lines, "", invitation, "", text("mail.footer", language)])


def _part_without_referral(event_type: str, about: AboutOrganization, language: str, link: str) -> str:
    """The text of a mail about no referral: with the overview for a coordinator, with the way in for the invited.

    To anybody else, who may have no access, it has no link.
    """
    body = notice_texts(event_type, about, language).body
    key = "mail.sign_in" if about.is_invitation else "mail.open_overview" if about.to_coordinator else None
    invitation = [text(key, language, link=link), ""] if key else []
    return "\n".join([body, "", *invitation, text("mail.footer", language)])


@lru_cache(maxsize=1024)
def _address(to: str) -> str:
    """An address as it stands in a header. Raises ValueError when it is none."""
    return str(Address(addr_spec=in_ascii(to)))


def _check(message: EmailMessage) -> None:
    """Write the mail once as it will be sent. Raises ValueError or MessageError when that is not possible."""
    if max(map(len, message.as_bytes().splitlines())) > LONGEST_LINE:
        raise ValueError(f"a line is longer than {LONGEST_LINE} octets")
