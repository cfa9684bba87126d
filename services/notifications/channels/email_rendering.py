"""A notice as a mail: plain text, in the recipient's language, or in all three for a desk that many share."""

from collections.abc import Sequence
from email.headerregistry import Address, HeaderRegistry
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import parseaddr
from functools import lru_cache
from typing import Final
from uuid import UUID

from services.notifications.domain import About
from services.notifications.texts import link_to, notice_texts, placeholders, status_name, text
from services.notifications.use_cases.notices import PlainNotice


class _Headers(HeaderRegistry):
    """Makes equal headers once: most are the same in every mail, and parsing them is most of what a letter costs."""

    __getitem__ = lru_cache(maxsize=64)(HeaderRegistry.__getitem__)
    __call__ = lru_cache(maxsize=1024)(HeaderRegistry.__call__)


_POLICY: Final = SMTP.clone(header_factory=_Headers())


def message_id(delivery_id: UUID, sender: str) -> str:
    """The Message-ID of a delivery: the same at each attempt, so that a repeat can be told from a new mail."""
    return f"<{delivery_id}@{_domain(sender)}>"


def compose(
    notice: PlainNotice, delivery_id: UUID, to: str, languages: Sequence[str], *, sender: str, public_url: str
) -> EmailMessage:
    """The mail that brings `notice` to the address `to`, in each of `languages`.

    `sender` is an address, with or without a name. Raises ValueError when an address is none.
    """
    about = notice.facts
    titles = [notice_texts(notice.event_type, about, language).title for language in languages]
    message = EmailMessage(policy=_POLICY)
    message["From"] = _sender(sender)
    message["To"] = _mailbox("", to)
    message["Subject"] = " / ".join(titles)
    message["Date"] = notice.created_at
    message["Message-ID"] = message_id(delivery_id, sender)
    # One thread per referral in the recipient's mailbox.
    message["References"] = f"<{notice.referral_id}@{_domain(sender)}>"
    message["Auto-Submitted"] = "auto-generated"
    link = link_to(public_url, notice.referral_id, about)
    parts = [_part(notice.event_type, about, language, link) for language in languages]
    message.set_content("\n\n* * *\n\n".join(parts) + "\n", cte="8bit")
    message["Content-Language"] = ", ".join(languages)  # setting the content clears what is said about it
    return message


def _part(event_type: str, about: About, language: str, link: str) -> str:
    values = placeholders(about, language) | {"status": status_name(about.status, language)}
    shown = ("reference", "service", "source", "target", "status")
    lines = [f"{text(f'fact.{name}', language)}: {values[name]}" for name in shown]
    body = notice_texts(event_type, about, language).body
    way = "mail.open_overview" if about.to_coordinator else "mail.open"
    return "\n".join([body, "", *lines, "", text(way, language, link=link), "", text("mail.footer", language)])


@lru_cache(maxsize=1024)
def _mailbox(name: str, address: str) -> str:
    return str(Address(display_name=name, addr_spec=address))


@lru_cache
def _sender(sender: str) -> str:
    name, address = parseaddr(sender)
    return _mailbox(name or "Luotsi", address)


@lru_cache
def _domain(sender: str) -> str:
    return parseaddr(sender)[1].rpartition("@")[2]
