"""Arrivals: wakes every open stream of a web process when notices were committed, over one connection."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from shared.publishing.notify_listener import NotifyListener
from shared.task_group import run_task_group

POLL_SECONDS = 5.0
"""How long a reader waits at most, should a wake-up be lost."""


class NoticeListener:
    """LISTENs while somebody reads, and not otherwise."""

    def __init__(self, dsn: str) -> None:
        self._alarm = NotifyListener(dsn, "notices")
        self._news = asyncio.Event()
        self._readers = 0
        self._listening: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def attended(self) -> AsyncIterator[None]:
        """Keep listening for as long as the block runs."""
        self._readers += 1
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        try:
            yield
        finally:
            self._readers -= 1
            if self._readers == 0 and self._listening is not None:
                self._listening.cancel()
                self._listening = None

    def next(self) -> asyncio.Event:
        """What the next arrival sets. Ask for it before looking into the database, and nothing is missed."""
        return self._news

    async def wait(self, arrival: asyncio.Event) -> None:
        """Sleep until `arrival`, POLL_SECONDS at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(arrival.wait(), POLL_SECONDS)

    async def _listen(self) -> None:
        await run_task_group(self._alarm.listen(), self._pass_on())

    async def _pass_on(self) -> None:
        while True:
            await self._alarm.wait(POLL_SECONDS)
            passed, self._news = self._news, asyncio.Event()
            passed.set()
