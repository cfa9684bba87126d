"""Sessions: begun at sign-in, noted while they are used, ended by their person or with their account."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, update
from sqlmodel import col

from services.portal.domain.session_life import KEPT_ENDED, REST, WHOLE
from services.portal.domain.ways import SHOWN_HERE
from services.portal.tables import Session
from services.portal.vault import digest, new_secret
from shared.database.transaction import Transaction

_LONGEST_DEVICE = 200


def begin(
    tx: Transaction,
    member_id: UUID,
    method: str,
    now: datetime,
    *,
    device: str = "",
    language: str | None = None,
    going_on: Session | None = None,
) -> str:
    """Sign a member in, and return the secret that the browser is to keep.

    It is a fresh one each time, so that nobody goes on with a secret that was known before. `going_on` is a
    session that goes on in this one, for another account of the same person: it lasts no longer, and nothing more was
    shown in it.
    """
    secret = new_secret()
    tx.insert(
        Session(
            secret_digest=digest(secret),
            member_id=member_id,
            method=method,
            device=device[:_LONGEST_DEVICE],
            language=language,
            created_at=now if going_on is None else going_on.created_at,
            last_seen_at=now,
            proved_at=(now if method in SHOWN_HERE else None) if going_on is None else going_on.proved_at,
        )
    )
    return secret


async def note(tx: Transaction, session_id: UUID, now: datetime) -> None:
    """Write down that a session is in use."""
    await tx.execute(update(Session).where(col(Session.id) == session_id).values(last_seen_at=now))


async def note_proof(tx: Transaction, session_id: UUID, now: datetime) -> None:
    """Write down that the person has shown again who they are."""
    await tx.execute(update(Session).where(col(Session.id) == session_id).values(proved_at=now))


async def choose_language(tx: Transaction, session_id: UUID, language: str) -> None:
    """From here on the session's pages are in `language`."""
    await tx.execute(update(Session).where(col(Session.id) == session_id).values(language=language))


async def end(tx: Transaction, secret: str, now: datetime) -> None:
    """End the session of the browser that has `secret`."""
    await tx.execute(_ended(now).where(col(Session.secret_digest) == digest(secret)))


async def end_all_of(tx: Transaction, member_ids: list[UUID], now: datetime, *, but: UUID | None = None) -> None:
    """End the sessions of a person's accounts, all but the one named."""
    statement = _ended(now).where(col(Session.member_id).in_(member_ids))
    await tx.execute(statement if but is None else statement.where(col(Session.id) != but))


async def end_one_of(tx: Transaction, member_ids: list[UUID], session_id: UUID, now: datetime) -> None:
    """End one session of a person's accounts; nothing where it is another one's."""
    statement = _ended(now).where(col(Session.member_id).in_(member_ids), col(Session.id) == session_id)
    await tx.execute(statement)


async def forget_ended(tx: Transaction, now: datetime) -> int:
    """Remove sessions that ended a day ago, by their person or by themselves. Returns how many."""
    over = now - KEPT_ENDED
    gone = (
        (col(Session.ended_at) < over) | (col(Session.last_seen_at) < over - REST) | (Session.created_at < over - WHOLE)
    )
    return (await tx.execute(delete(Session).where(gone))).rowcount


def _ended(now: datetime):  # type: ignore[no-untyped-def]
    return update(Session).where(col(Session.ended_at).is_(None)).values(ended_at=now)
