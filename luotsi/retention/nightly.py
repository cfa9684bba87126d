"""Retention by itself: each night what was kept long enough is taken away."""

import asyncio
import logging
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

from prometheus_client import Gauge
from sqlalchemy.exc import SQLAlchemyError

from luotsi.platform.own_process import run_until_stopped
from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target, find_target
from luotsi.retention.lines import AnotherRun, retain
from luotsi.retention.registers import PERIODS, read_periods
from luotsi.retention.runs import last_run
from luotsi.retention.schedule import is_due, is_on
from shared.clock import Clock, utc_now

log = logging.getLogger(__name__)

LAST: Final = Gauge("luotsi_retention_last_run_timestamp_seconds", "When retention ran last; 0 where it is off")

_LOOK_EVERY_SECONDS: Final = 30.0
_AFTER_FAILURE_SECONDS: Final = 300.0


class Nightly:
    """Runs retention once a night; of several one does, and the others find that it was done.

    `periods` are days per register. Only numbers are logged: what was taken away is nobody's business any more.
    """

    def __init__(self, target: Target, periods: dict[str, int], clock: Clock = utc_now) -> None:
        self._target = target
        self._periods = periods
        self._clock = clock
        self._watched_from = clock()
        self._last: datetime | None = None
        self._began = False

    async def run(self) -> None:
        """Look at the clock until cancelled; what fails is tried again five minutes later."""
        while True:
            try:
                await self.step()
            except (OSError, PlatformError, SQLAlchemyError) as error:
                # The text of an error of the database may quote a row.
                sayable = isinstance(error, PlatformError | OSError) and str(error)
                why = sayable or type(error).__name__
                log.error("retention has failed, and is tried again: %s", why)
                await asyncio.sleep(_AFTER_FAILURE_SECONDS)
            await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def step(self) -> bool:
        """Run when it is time; returns whether it did."""
        if self._began and not self._is_due():
            return False
        self._last = await last_run(self._target)  # by somebody else, perhaps
        self._began = True
        LAST.set((self._last or self._watched_from).timestamp())
        if not self._is_due():
            return False
        try:
            lines = await retain(self._target, self._periods, run=True)
        except AnotherRun:
            log.info("another run is at it")
            return False
        self._last = self._clock()
        LAST.set(self._last.timestamp())
        removed = ", ".join(f"{line.register} {line.rows}" for line in lines if line.rows)
        log.info("retention took away: %s", removed or "nothing, for nothing was kept long enough")
        return True

    def _is_due(self) -> bool:
        return is_due(self._clock(), self._last, self._watched_from)


async def _wait_for_ever() -> None:
    log.info("RETENTION is off: nothing is taken away")
    await asyncio.Event().wait()


def run(target: Target, periods: dict[str, int]) -> None:
    """Be a process that runs retention each night, until SIGTERM or SIGINT; where it is off, one that does nothing."""
    run_until_stopped("retention", Nightly(target, periods).run() if is_on(target.environment) else _wait_for_ever())


def main() -> None:
    """The process as `luotsi up` starts it: the environment names databases, keys and periods."""
    try:
        run(find_target(), read_periods(Path(os.environ.get("RETENTION_FILE") or PERIODS)))
    except PlatformError as error:
        sys.exit(f"retention: {error}")


if __name__ == "__main__":
    main()
