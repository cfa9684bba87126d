"""A notice as a mail: plain text, in each of the languages in which its recipient reads."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import lru_cache
from uuid import UUID

from services.notifications.channels.channel import DeliveryAttempt
from services.notifications.domain.wording import About
from services.notifications.texts import link_to, notice_texts, placeholders, status_name, text


def message_id(delivery_id: UUID, sender: str) -> str:
    """The Message-ID of a delivery: the same at each attempt, so that a repeat can be told from a new mail."""
    return f"<{delivery_id}@{_domain(sender)}>"


def compose(attempt: DeliveryAttempt, to: str, *, sender: str, public_url: str) -> EmailMessage:
    """The mail that brings the notice of `attempt` to the address `to`.

    `sender` is an address, with or without a name. Raises ValueError when an address is none.
    """
    notice, about = attempt.notice, attempt.notice.facts
    titles = [notice_texts(notice.event_type, about, language).title for language in attempt.languages]
    message = EmailMessage(policy=SMTP)
    own_name, own_address = parseaddr(sender)
    message["From"] = _address("From", own_name or "Luotsi", own_address)
    message["To"] = _address("To", "", to)
    message["Subject"] = " / ".join(titles)
    message["Date"] = notice.created_at
    message["Message-ID"] = message_id(attempt.delivery_id, sender)
    # Mail programs show all mail with the same reference as one conversation: all mail about one referral.
    message["References"] = f"<{notice.referral_id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    link = link_to(public_url, notice.referral_id, about)
    parts = [_part(notice.event_type, about, language, link) for language in attempt.languages]
    message.set_content("\n\n* * *\n\n".join(parts) + "\n", cte="8bit")
    # After the content: setting that removes every other header whose name begins with "Content-".
    message["Content-Language"] = ", ".join(attempt.languages)
    return message


def _part(event_type: str, about: About, language: str, link: str) -> str:
    """The text of the mail in one language."""
    values = placeholders(about, language) | {"status": status_name(about.status, language)}
    shown = ("reference", "service", "source", "target", "status")
    lines = [f"{text(f'fact.{name}', language)}: {values[name]}" for name in shown]
    body = notice_texts(event_type, about, language).body
    invitation = "mail.open_overview" if about.to_coordinator else "mail.open"
    return "\n".join([body, "", *lines, "", text(invitation, language, link=link), "", text("mail.footer", language)])


@lru_cache(maxsize=1024)
def _address(header: str, name: str, address: str) -> object:
    """An address as a header: parsed once, for it is the same in many mails. Raises ValueError when it is none."""
    return SMTP.header_factory(header, str(Address(name, addr_spec=address)))


@lru_cache
def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]
