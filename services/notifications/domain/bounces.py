"""Reports of mail servers that a mail could not be delivered after all (RFC 3464): which mail, and why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Final
from uuid import UUID

_OURS: Final = re.compile(r"\s*<(?P<id>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@[^<>@\s]+>\s*")
_STATUS: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True)
class Bounce:
    """`delivery_id` stands in the Message-ID of each mail. `reason` begins with the status (such as 5.1.1) if told."""

    delivery_id: UUID
    reason: str


def read_bounce(report: bytes) -> Bounce | None:
    """The mail that came back, as a report says it; None for what is no such report, or says that it goes on trying."""
    message = message_from_bytes(report, policy=policy.default)
    failed = next((each for each in _of_recipients(message) if _field(each, "Action").lower() == "failed"), None)
    original = _original(message)
    match = _OURS.fullmatch(_field(original, "Message-ID")) if original is not None else None
    if failed is None or match is None:
        return None
    status = _STATUS.search(_field(failed, "Status"))
    said = _field(failed, "Diagnostic-Code").partition(";")[2].strip()
    return Bounce(UUID(match["id"]), " ".join(part for part in (status[0] if status else "", said) if part))


def _of_recipients(message: Message) -> Iterator[Message]:
    """What is said of each recipient: the blocks of the report that are about one."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            yield from (each for each in blocks if isinstance(each, Message)) if isinstance(blocks, list) else ()


def _original(message: Message) -> Message | None:
    """The mail that the report is about: whole, or its headers."""
    for part in message.walk():
        content = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(content, list) and content:
            return content[0] if isinstance(content[0], Message) else None
        if part.get_content_type() == "text/rfc822-headers" and isinstance(part, EmailMessage):
            return message_from_bytes(part.get_payload(decode=True) or b"", policy=policy.default)  # type: ignore[arg-type]
    return None


def _field(message: Message, name: str) -> str:
    """A header on one line; empty where there is none, or none that can be read."""
    try:
        return " ".join(str(message.get(name, "")).split())
    except (ValueError, LookupError, IndexError, AttributeError):  # what the parser of the library stumbles over
        return ""
