"""Backups by themselves: the ledger each minute, a backup at its times, read again, and the old ones taken away."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any, Final

import asyncpg
from prometheus_client import Gauge

from luotsi.backup import keeping, sealing, verifying
from luotsi.backup.ledger import prune_ledger
from luotsi.backup.ledger_writer import LedgerWriter
from luotsi.backup.making import make
from luotsi.backup.manifest import finished, moment_of
from luotsi.backup.settings import BackupSettings
from luotsi.backup.store import BackupStore
from luotsi.platform.own_process import run_until_stopped
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from shared.clock import KUOPIO, Clock, utc_now

log = logging.getLogger(__name__)

NEWEST: Final = Gauge("luotsi_backup_newest_timestamp_seconds", "When the newest finished backup was begun")
LEDGER: Final = Gauge("luotsi_backup_ledger_timestamp_seconds", "When the ledger beside the backups was written last")

LEDGER_SECONDS: Final = 60.0
_AFTER_FAILURE: Final = timedelta(minutes=5)
_LEDGER_LATE: Final = timedelta(minutes=10)
_BACKUP_LATE: Final = timedelta(hours=1)


def last_time(now: datetime, times: Sequence[time]) -> datetime:
    """The last moment at or before `now` at which a backup was to be made."""
    today = now.astimezone(KUOPIO).date()
    days = (today, today - timedelta(days=1))
    return max(slot for day in days for at in times if (slot := datetime.combine(day, at, KUOPIO)) <= now)


def is_due(now: datetime, last: datetime | None, times: Sequence[time]) -> bool:
    """Whether a backup is to be made now, the last one being of `last`. One that was missed is made up for."""
    return last is None or last < last_time(now, times)


class Schedule:
    """Keeps the ledger and makes backups of one platform."""

    def __init__(self, target: Target, store: BackupStore, settings: BackupSettings, clock: Clock = utc_now) -> None:
        self._target = target
        self._store = store
        self._settings = settings
        self._clock = clock
        self._for_whom: list[Any] = sealing.recipients(settings.backup_recipients)
        self._ledger = LedgerWriter(target, store, self._for_whom)
        self._not_before: datetime | None = None
        self._ledger_at = self._backed_up_at = clock()
        for figure in (NEWEST, LEDGER):  # until there is one it is as old as this process
            figure.set(clock().timestamp())

    @property
    def well(self) -> bool:
        """Whether the ledger is written, and no backup has been overdue for long."""
        now = self._clock()
        return now - self._ledger_at < _LEDGER_LATE and (
            self._not_before is None or now - self._backed_up_at < _BACKUP_LATE
        )

    async def run(self) -> None:
        """Go on until cancelled; what fails is logged, and tried again."""
        while True:
            await self.step()
            await asyncio.sleep(LEDGER_SECONDS)

    async def step(self) -> bool:
        """Write the ledger; make a backup when it is time. Returns whether one was made."""
        try:
            await self._ledger.append(self._clock())
            self._ledger_at = self._clock()
            LEDGER.set(self._ledger_at.timestamp())
        except PlatformError as error:
            log.error("the ledger was not written: %s", error)
        if self._not_before is not None and self._clock() < self._not_before:
            return False
        try:
            made = await self._back_up()
            self._not_before, self._backed_up_at = None, self._clock()
            return made
        except (PlatformError, OSError, asyncpg.PostgresError) as error:
            # The text of an error of the database may quote a row.
            why = str(error) if isinstance(error, PlatformError) else type(error).__name__
            log.error("no backup was made, and it is tried again: %s", why)
            self._not_before = self._clock() + _AFTER_FAILURE
            return False

    async def _back_up(self) -> bool:
        whole = await asyncio.to_thread(finished, self._store)
        if whole:
            NEWEST.set(moment_of(whole[-1]).timestamp())
        if not is_due(self._clock(), moment_of(whole[-1]) if whole else None, self._settings.backup_at):
            return False
        manifest = await make(self._target, self._store, self._for_whom, self._clock())
        await asyncio.to_thread(verifying.verify_whole, self._store, manifest)
        NEWEST.set(moment_of(manifest.name).timestamp())
        gone = await asyncio.to_thread(keeping.prune, self._store, self._settings, self._clock())
        await asyncio.to_thread(prune_ledger, self._store)
        size = sum(part.bytes for part in manifest.databases.values())
        log.info("backup %s: %d bytes, read again and whole; %d old ones removed", manifest.name, size, len(gone))
        return True


def run(target: Target, store: BackupStore, settings: BackupSettings) -> None:
    """Be a process that keeps the ledger and makes backups, until SIGTERM or SIGINT."""
    schedule = Schedule(target, store, settings)
    run_until_stopped("backup", schedule.run(), lambda: schedule.well)
