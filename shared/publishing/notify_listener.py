"""Wake-ups: a task sleeps until PostgreSQL says that there is work, or until its poll interval is over."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final

import asyncpg

from shared.database.addresses import connect

log = logging.getLogger(__name__)

BATCH_DELAY: Final = 0.1
"""Seconds to pause after work that nobody waits for: what comes meanwhile is done as one batch, for less."""

_LOOK_AFTER_SECONDS = 15.0
_ANSWER_SECONDS = 5.0


class NotifyListener:
    """LISTENs on one channel. Losing the connection costs promptness, never work: the poll goes on.

    With `heard`, a notification does not wake the sleeper: what it says is handed on. What is said while the connection
    is lost nobody hears, so the sleeper is woken when there is one again.
    """

    def __init__(self, dsn: str, channel: str, heard: Callable[[str], None] | None = None) -> None:
        self._dsn = dsn
        self._channel = channel
        self._heard = heard
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Wake the sleeper from inside the process."""
        self._woken.set()

    async def wait(self, seconds: float) -> None:
        """Sleep until woken, `seconds` at most."""
        # `asyncio.wait_for` would swallow a cancellation that comes together with the waking (Python 3.11).
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        self._woken.clear()

    async def listen(self) -> None:
        """Hold the LISTEN connection, and open it again whenever it is lost. Runs until cancelled."""
        while True:
            try:
                await self._hold_connection()
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError) as error:
                log.warning("wake-up connection lost, what waits is looked for at intervals: %s", type(error).__name__)
                await asyncio.sleep(1)

    async def _hold_connection(self) -> None:
        connection = await connect(self._dsn, timeout=5)
        try:
            gone = asyncio.Event()
            connection.add_termination_listener(lambda _: gone.set())
            await connection.add_listener(self._channel, self._notified)
            self._woken.set()  # what was committed while nobody listened
            while not gone.is_set():
                try:
                    async with asyncio.timeout(_LOOK_AFTER_SECONDS):
                        await gone.wait()
                except TimeoutError:  # nothing was heard: is anybody there?
                    await connection.execute("SELECT 1", timeout=_ANSWER_SECONDS)
        finally:
            with contextlib.suppress(Exception):
                await connection.close(timeout=1)

    def _notified(self, _connection: object, _pid: int, _channel: str, said: object) -> None:
        if self._heard is None:
            self._woken.set()
        else:
            self._heard(str(said))
