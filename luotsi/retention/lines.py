"""What retention finds or takes away: a line for each register."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import text

from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from luotsi.retention.registers import REGISTERS
from luotsi.retention.retention_run import RetentionRun, opened
from services.referral.tables import FinishedRetention
from shared.clock import utc_now
from shared.database.connections import Database

_LOCK: Final = text("SELECT pg_try_advisory_xact_lock(hashtextextended('retention', 0))")


class AnotherRun(PlatformError):
    """Another run is taking away what was kept long enough."""


@dataclass(frozen=True)
class Line:
    """One register: its period, what is due or was removed, and the oldest of it."""

    register: str
    service: str
    days: int
    counts_from: str
    rows: int
    oldest: datetime | None


async def retain(target: Target, periods: Mapping[str, int], *, run: bool) -> list[Line]:
    """Go through the registers in their order; `periods` gives days per register. Takes away only with `run`.

    One run at a time takes away: raises AnotherRun while another one does.
    """
    now = utc_now()
    async with opened(target) as databases:
        of_each = [(RetentionRun(target, databases, now, periods[name]), name) for name in REGISTERS]
        if not run:
            return [await _line(*each, remove=False) for each in of_each]
        async with _alone(databases["referral"]):
            lines = [await _line(*each, remove=True) for each in of_each]
        async with databases["referral"].transaction() as tx:
            removed = {line.register: line.rows for line in lines}
            tx.insert(FinishedRetention(started_at=now, ended_at=utc_now(), removed=removed))
    return lines


async def _line(run: RetentionRun, name: str, *, remove: bool) -> Line:
    """What is due of a register, or was taken away: the rows are gone through once."""
    register = REGISTERS[name]
    due = await (register.remove if remove else register.due)(run)
    return Line(name, register.service, run.days, register.counts_from, due.rows, due.oldest)


@asynccontextmanager
async def _alone(database: Database) -> AsyncIterator[None]:
    """Hold the lock of those who take away: a transaction's, so that it ends with the process, whatever happens."""
    async with database.transaction() as tx:
        await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
        if not (await tx.execute(_LOCK)).scalar_one():
            raise AnotherRun("another run is taking away what was kept long enough: look again in a few minutes")
        yield
