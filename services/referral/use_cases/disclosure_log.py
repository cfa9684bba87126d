"""The log of disclosures: sealing finished days, checking every seal, and removing what was kept long enough."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, delete, func
from sqlmodel import col, select

from services.referral.domain import seals as sealing
from services.referral.queries.sealed_days import content_of
from services.referral.tables import AuditCut, AuditSeal, Disclosure
from shared.clock import day_in_kuopio
from shared.database.transaction import Transaction

_DAYS_AT_ONCE = 31
_DAY = timedelta(days=1)


async def seal_finished_days(tx: Transaction, key: bytes, now: datetime) -> list[AuditSeal]:
    """Seal every finished day that has no seal yet, oldest first and a month's worth at most; days without rows too."""
    last = await _newest_seal(tx)
    first = last.day + _DAY if last else await _first_day(tx)
    if first is None:
        return []
    made = []
    previous = last.seal if last else sealing.FIRST
    for day in sealing.days(first, sealing.newest_finished_day(now))[:_DAYS_AT_ONCE]:
        content = await content_of(tx, day)
        made.append(_sealed(key, day, content, previous, now))
        previous = made[-1].seal
    tx.insert(*made)
    return made


def _sealed(key: bytes, day: date, content: sealing.Digest, previous: bytes, now: datetime) -> AuditSeal:
    return AuditSeal(
        day=day,
        rows=content.count,
        first_id=content.first_id,
        last_id=content.last_id,
        digest=content.digest,
        previous=previous,
        seal=sealing.seal(key, day, content, previous, now),
        sealed_at=now,
    )


@dataclass(frozen=True)
class Verdict:
    """What checking the log found. `faults` is empty when every seal is right; the first one is of the earliest day."""

    days: int
    rows: int
    unsealed: int
    newest: AuditSeal | None
    faults: list[str]


async def verify(tx: Transaction, key: bytes, now: datetime, known: bytes | None = None) -> Verdict:
    """Compute every seal anew and compare. `known` is a seal seen earlier, which the log must still hold."""
    seals = await tx.all(select(AuditSeal).order_by(col(AuditSeal.day)))
    cuts = await tx.all(select(AuditCut).order_by(col(AuditCut.until)))
    faults = [f"{cut.until}: the record of a removal is not genuine" for cut in cuts if not _genuine(key, cut)]
    removed_until = max((cut.until for cut in cuts if _genuine(key, cut)), default=None)
    rows, previous, expected = 0, sealing.FIRST, seals[0].day if seals else None
    for seal in seals:
        content = await content_of(tx, seal.day)
        gone = removed_until is not None and seal.day <= removed_until
        faults += _faults_of(key, seal, content, previous, gone=gone)
        for missing in sealing.days(expected, seal.day)[:-1] if expected else []:
            faults.append(f"{missing}: has no seal, though later days have")
        rows, previous, expected = rows + content.count, seal.seal, seal.day + _DAY
    faults += await _outside(tx, seals, now)
    if known is not None and known not in {seal.seal for seal in seals}:
        faults.append("the seal that is known from earlier is not among those of the log")
    unsealed = await _count_after(tx, seals[-1].day if seals else None)
    return Verdict(len(seals), rows, unsealed, seals[-1] if seals else None, faults)


def _faults_of(key: bytes, seal: AuditSeal, content: sealing.Digest, previous: bytes, *, gone: bool) -> list[str]:
    """What is wrong with one day. `gone`: its rows were removed on purpose, so that only the seal can be checked."""
    stated = sealing.Digest(seal.rows, seal.first_id, seal.last_id, seal.digest)
    if seal.previous != previous:
        return [f"{seal.day}: its seal does not follow on that of the day before"]
    if sealing.seal(key, seal.day, stated, seal.previous, seal.sealed_at) != seal.seal:
        return [f"{seal.day}: its seal is not genuine"]
    if gone:
        return [f"{seal.day}: has {content.count} rows, though they were removed"] if content.count else []
    if content.count != stated.count:
        return [f"{seal.day}: has {content.count} rows, and had {stated.count} when it was sealed"]
    return [] if content == stated else [f"{seal.day}: its rows are not those that were sealed"]


async def _outside(tx: Transaction, seals: Sequence[AuditSeal], now: datetime) -> list[str]:
    """Rows before the first seal, and finished days that nobody sealed although there was a whole day's time."""
    if not seals:
        first = await _first_day(tx)
        overdue = first is not None and first < sealing.newest_finished_day(now)
        return [f"{first}: has rows and no seal, nor has any day"] if overdue else []
    faults = []
    before = await _count(tx, col(Disclosure.at) < sealing.bounds(seals[0].day)[0])
    if before:
        faults.append(f"before {seals[0].day}, the first sealed day, there are {before} rows")
    if seals[-1].day < sealing.newest_finished_day(now) - _DAY:
        faults.append(f"after {seals[-1].day} no day was sealed, though later ones are over: is a worker running?")
    return faults


async def remove_until(tx: Transaction, key: bytes, until: date, now: datetime) -> int:
    """Remove the rows of all days up to `until`, and record it under seal. Takes the role that owns the table.

    Only whole days that are sealed go. Returns how many rows went.
    """
    newest = await _newest_seal(tx)
    if newest is None:
        return 0
    until = min(until, newest.day)
    old = col(Disclosure.at) < sealing.bounds(until)[1]
    rows = await _count(tx, old)
    if not rows:
        return 0
    await tx.execute(delete(Disclosure).where(old))
    seal = sealing.cut_seal(key, until, rows, newest.seal, now)
    tx.insert(AuditCut(until=until, rows=rows, newest=newest.seal, seal=seal, cut_at=now))
    return rows


def _genuine(key: bytes, cut: AuditCut) -> bool:
    return sealing.cut_seal(key, cut.until, cut.rows, cut.newest, cut.cut_at) == cut.seal


async def _newest_seal(tx: Transaction) -> AuditSeal | None:
    return await tx.first(select(AuditSeal).order_by(col(AuditSeal.day).desc()).limit(1))


async def _first_day(tx: Transaction) -> date | None:
    first = await tx.first(select(func.min(col(Disclosure.at))))
    return day_in_kuopio(first) if first else None


async def _count_after(tx: Transaction, day: date | None) -> int:
    return await _count(tx, col(Disclosure.at) >= sealing.bounds(day)[1] if day else col(Disclosure.id).is_not(None))


async def _count(tx: Transaction, condition: ColumnElement[bool]) -> int:
    [count] = await tx.all(select(func.count()).select_from(Disclosure).where(condition))
    return count
