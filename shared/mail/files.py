"""Mail that is kept as files, where there is no mail server: for people to read."""

import asyncio
import os
from email.message import EmailMessage
from pathlib import Path
from typing import Final
from uuid import UUID

from shared.mail.headers import MAIL_POLICY

_READABLE: Final = MAIL_POLICY.clone(linesep="\n", utf8=True, cte_type="8bit", max_line_length=None)
"""How mail is written into files: each header on one line, and every letter as itself."""


class FileMailer:
    """Keeps mail readable in `folder`, one file per mail; a repeat overwrites its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def send(self, mail_id: UUID, message: EmailMessage) -> None:
        """Write the file, whole or not at all."""
        await asyncio.to_thread(self._write, self._folder / f"{mail_id}.eml", _readable(message))

    def _write(self, path: Path, content: bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        except OSError:
            part.unlink(missing_ok=True)  # half a mail is of no use, and takes up room on a disk that may be full
            raise


def _readable(message: EmailMessage) -> bytes:
    """The mail as it would be sent, but for the way in which its text is encoded."""
    readable = EmailMessage(policy=_READABLE)
    language = None
    for name, value in message.items():
        if name.lower() == "content-language":
            language = value
        elif not name.lower().startswith(("content-", "mime-")):
            readable[name] = value
    readable.set_content(message.get_content(), cte="8bit")
    if language:  # after the content, which would take it away
        readable["Content-Language"] = language
    return readable.as_bytes()
