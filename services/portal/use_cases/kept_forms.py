"""What a member was sending when the session had ended is kept, sealed, until the same member has signed in again."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col

from services.portal.tables import KeptForm
from services.portal.vault import Unreadable, digest, new_secret, seal, unseal
from shared.database.reader import Reader
from shared.database.transaction import Transaction

KEPT: Final = timedelta(minutes=60)
"""So long it is kept"""


@dataclass(frozen=True)
class Kept:
    """A form as it was sent: where to, and its fields in their order."""

    path: str
    fields: list[tuple[str, str]]


async def keep(tx: Transaction, member_id: UUID, form: Kept, now: datetime) -> str:
    """Keep what a member was sending. Returns the secret that opens it, which is not kept here."""
    secret = new_secret()
    content = json.dumps({"path": form.path, "fields": form.fields}).encode()
    tx.insert(KeptForm(secret_digest=digest(secret), member_id=member_id, sealed=seal(secret, content), kept_at=now))
    return secret


async def find_kept(reader: Reader, secret: str, member_id: UUID, now: datetime) -> Kept | None:
    """What was kept under `secret`; None where there is nothing, or it is another member's.

    It stays: its key lets it be done once, and the page that shows it may be lost on the way or loaded again.
    """
    row = await reader.get(KeptForm, digest(secret))
    if row is None or row.member_id != member_id or now - row.kept_at >= KEPT:
        return None
    try:
        content = json.loads(unseal(secret, row.sealed))
    except Unreadable:
        return None
    return Kept(content["path"], [(name, value) for name, value in content["fields"]])


async def forget_old(tx: Transaction, now: datetime) -> int:
    """Remove what nobody came back for. Returns how many."""
    return (await tx.execute(delete(KeptForm).where(col(KeptForm.kept_at) <= now - KEPT))).rowcount
