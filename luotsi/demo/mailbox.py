"""Mail as it falls into a folder: read from disk, each with the moment it was first seen there."""

import asyncio
import email
import os
import time
from dataclasses import dataclass
from email.policy import default
from pathlib import Path

POLL_SECONDS = 0.005


@dataclass(frozen=True)
class Mail:
    """One mail. `title` is its first line; `text` all of it, decoded, headers too; `seen_at` is monotonic seconds."""

    file: str
    to: str
    subject: str
    language: str
    title: str
    text: str
    seen_at: float


class Mailbox:
    """The mails that came into `folder` since this object was made; none where there is no folder."""

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        self.mails: list[Mail] = []
        self._known = {path.name for path in self._files()}

    async def watch(self) -> None:
        """Look into the folder every few milliseconds until cancelled."""
        while True:
            self.look()
            await asyncio.sleep(POLL_SECONDS)

    def look(self) -> None:
        """Read what is new."""
        for path in self._files():
            if path.name not in self._known:
                self._known.add(path.name)
                self.mails.append(_read(path))

    def to(self, address: str, reference: str, title: str | None = None) -> list[Mail]:
        """The mails to an address about a referral, in the order of their coming; only those of that title."""
        return [
            mail
            for mail in self.mails
            if mail.to == address and reference in mail.subject and title in (None, mail.title)
        ]

    def _files(self) -> list[Path]:
        if self.folder is None:
            return []
        try:
            with os.scandir(self.folder) as entries:
                return [Path(entry.path) for entry in entries if entry.name.endswith(".eml")]
        except (FileNotFoundError, NotADirectoryError):
            return []


def _read(path: Path) -> Mail:
    seen_at = time.monotonic()
    message = email.message_from_bytes(path.read_bytes(), policy=default)
    body = message.get_body(preferencelist=("plain", "html"))
    content = body.get_content() if body else ""
    headers = [f"{name}: {value}" for name, value in message.items()]
    return Mail(
        file=path.name,
        to=str(message["To"]),
        subject=str(message["Subject"]),
        language=str(message["Content-Language"]),
        title=content.partition("\n")[0],
        text="\n".join([*headers, "", content]),
        seen_at=seen_at,
    )
