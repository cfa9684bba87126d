"""What the ledger says was done after the backup is done again: erasures, withdrawals, marks of error, expiries.

Nothing of it is new: what is recorded anew takes the id of the event that was lost, and who knows that passes it over.
"""

import json
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlmodel import select

from luotsi.backup.ledger import Entry, Ledger
from luotsi.platform.operator_database import operator_database
from luotsi.platform.referral_work import working
from luotsi.platform.target import Target
from services.referral.domain.lifecycle import OPEN, Side, Status
from services.referral.tables import Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.deadlines import recompute_timers
from services.referral.use_cases.erasure import erase_client, lock_client
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import read_texts, write_texts
from shared import context
from shared.database.transaction import Transaction
from shared.ids import new_id

_ALWAYS: Final = ("consent_withdrawn", "marked_in_error", "expired")
_REMINDERS: Final = ("due_soon", "overdue", "overdue_again", "not_started", "no_news")
_FIRED: Final = text(
    "UPDATE timers SET fired_at = :at "
    "WHERE referral_id = :referral AND kind = :kind AND fired_at IS NULL AND due_at <= :at"
)
_SEEN: Final = text("UPDATE referrals SET first_viewed_at = :at WHERE id = :referral AND first_viewed_at IS NULL")
_KNOWN: Final = text("SELECT event_id FROM outbox WHERE event_id = ANY(:ids)")
_NEW: Final = text("SELECT id, event_id, payload FROM outbox WHERE recorded_at >= :since ORDER BY id")
_ADOPT: Final = text("UPDATE outbox SET event_id = :adopted, payload = :payload WHERE id = :id")
_ADOPT_IN_TIMELINE: Final = text("UPDATE timeline SET event_id = :adopted WHERE event_id = :given")


@dataclass
class Reapplied:
    """How much was done again."""

    erased: int = 0
    withdrawn: int = 0
    marked: int = 0
    expired: int = 0
    ended: int = 0


async def reapply(target: Target, ledger: Ledger) -> Reapplied:
    """Do again in the restored referral database what the ledger says; a thing that is done already stays as it is."""
    done = Reapplied()
    known = await _known(target, [entry.id for entry in ledger.events()])
    lost = [entry for entry in ledger.events() if entry.service == "referral" and entry.id not in known]
    async with working(target) as work:
        for entry in lost:
            if (kind := _name(entry)) in _REMINDERS:
                await work.tx.execute(_FIRED, {"at": entry.at, "referral": entry.subject, "kind": kind})
            elif kind == "first_viewed":  # else the adviser would be told at the next look
                await work.tx.execute(_SEEN, {"at": entry.at, "referral": entry.subject})
    for entry in lost:
        if _name(entry) in _ALWAYS and await _end(target, entry):
            _count(done, _name(entry))
    for gone in ledger.of_kind("erased"):
        await _erase(target, gone, lost, done)
    return done


async def _erase(target: Target, gone: Entry, lost: Iterable[Entry], done: Reapplied) -> None:
    """Erase a client again. What was under way at the backup first ends as it did, where the ledger knows how."""
    async with working(target) as work:
        client = await lock_client(work.tx, gone.id)
        if client is None or client.erased_at is not None:
            return
        theirs = set(await work.tx.all(select(Referral.id).where(Referral.client_id == gone.id)))
    for entry in lost:
        if entry.subject in theirs and entry.data.get("status") not in (None, *OPEN) and await _end(target, entry):
            done.ended += 1
    async with working(target) as work:
        client = await lock_client(work.tx, gone.id)
        assert client is not None, "nobody else works in this database"
        await erase_client(work, client, gone.type, end_open=True)
    done.erased += 1


async def _end(target: Target, entry: Entry) -> bool:
    """Let a referral end as an event said that it did; False where it is not there, or has ended already."""
    async with working(target) as work:
        found = await work.tx.first(select(Referral).where(Referral.id == entry.subject).with_for_update())
        withdrawn = _name(entry) == "consent_withdrawn"
        if found is None or (Status(found.status) not in OPEN and _name(entry) not in _ALWAYS):
            return False
        if found.status == entry.data.get("status") and not (withdrawn and found.withdrawal_told_on is None):
            return False
        with context.using(context.following(str(new_id()), actor=entry.actor)):
            await _enter(work, found, entry)
    return True


async def _enter(work: UnitOfWork, referral: Referral, entry: Entry) -> None:
    data = entry.data
    side = Side(data["by_side"]) if data.get("by_side") else None
    texts = await read_texts(work, referral)
    texts.status_reason = None
    referral.status = data["status"]
    referral.reason_code, referral.outcome_code = data.get("reason_code"), data.get("outcome_code")
    referral.reason_side = side if data.get("reason_code") else None
    referral.business_status = data.get("business_status")
    if data.get("told_by"):
        referral.withdrawal_told_by = data["told_by"]
        referral.withdrawal_told_on = date.fromisoformat(data["told_on"])
    await write_texts(work, referral, texts)
    record_change(work, referral, _name(entry), side, _member(entry.actor))
    await recompute_timers(work, [referral])


async def adopt(target: Target, ledger: Ledger, since: datetime) -> int:
    """Give what was recorded anew since a moment the ids of the same events that were lost; returns how many.

    Of one type about one subject the oldest comes first. Whoever was told of an event is not told again by its id.
    """
    async with operator_database(target.owner_url("referral")) as database, database.transaction() as tx:
        known = set((await tx.execute(_KNOWN, {"ids": [entry.id for entry in ledger.events()]})).scalars())
        lost: dict[tuple[str, UUID | None], list[UUID]] = {}
        for entry in ledger.events():
            if entry.service == "referral" and entry.id not in known:
                lost.setdefault((entry.type, entry.subject), []).append(entry.id)
        return await _adopt(tx, lost, set(ledger_ids(ledger)), since)


def ledger_ids(ledger: Ledger) -> Iterable[UUID]:
    """The ids of all events in the ledger."""
    return (entry.id for entry in ledger.events())


async def _adopt(
    tx: Transaction, lost: dict[tuple[str, UUID | None], list[UUID]], taken: set[UUID], since: datetime
) -> int:
    count = 0
    for row in (await tx.execute(_NEW, {"since": since})).all():
        told = json.loads(row.payload)
        ids = lost.get((told["type"], UUID(told["subject"])), [])
        if row.event_id in taken or not ids:
            continue
        adopted = ids.pop(0)
        payload = json.dumps({**told, "id": str(adopted)}, ensure_ascii=False, separators=(",", ":"))
        await tx.execute(_ADOPT, {"adopted": adopted, "payload": payload, "id": row.id})
        await tx.execute(_ADOPT_IN_TIMELINE, {"adopted": adopted, "given": row.event_id})
        count += 1
    return count


async def _known(target: Target, ids: list[UUID]) -> set[UUID]:
    async with working(target) as work:
        return set((await work.tx.execute(_KNOWN, {"ids": ids})).scalars())


def _name(entry: Entry) -> str:
    """`expired` of `referral.expired.v1`."""
    return entry.type.removeprefix("referral.").rpartition(".")[0]


def _member(actor: str) -> UUID | None:
    with suppress(ValueError):
        return UUID(actor)
    return None


def _count(done: Reapplied, kind: str) -> None:
    field = {"consent_withdrawn": "withdrawn", "marked_in_error": "marked", "expired": "expired"}[kind]
    setattr(done, field, getattr(done, field) + 1)


__all__ = ["Reapplied", "adopt", "reapply"]
