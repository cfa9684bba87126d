"""Wakes every open stream of a web process when notices were committed, over one database connection."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final
from uuid import UUID

from shared.problems import too_many
from shared.publishing.notify_listener import NotifyListener
from shared.task_group import run_task_group

POLL_SECONDS = 5.0
"""How long a reader waits at most, should a wake-up be lost."""
MOST_STREAMS: Final = 10
"""Streams that one account may have open in a web process: each looks into the database every few seconds."""


class NoticeFeed:
    """Tells any number of readers that there are new notices; holds its connection only while there is a reader."""

    def __init__(self, dsn: str) -> None:
        self._listener = NotifyListener(dsn, "notices")
        self._news = asyncio.Event()
        self._readers = 0
        self._open: Counter[UUID] = Counter()
        self._listening: asyncio.Task[None] | None = None

    @contextmanager
    def place(self, member_id: UUID) -> Iterator[None]:
        """A place among the streams of an account for as long as the block runs. Raises 429 where it has none left."""
        if self._open[member_id] >= MOST_STREAMS:
            detail = f"This account has {MOST_STREAMS} streams of notices open. Close one of them."
            raise too_many(detail, round(POLL_SECONDS))
        self._open[member_id] += 1
        try:
            yield
        finally:
            self._open[member_id] -= 1
            self._open += Counter()  # forgets those who have none

    @asynccontextmanager
    async def reader(self) -> AsyncIterator[None]:
        """Listen at least as long as the block runs."""
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
        """The event that is set when notices are committed next.

        Ask for it before looking into the database: then no notice is missed between the look and the waiting.
        """
        return self._news

    async def wait(self, news: asyncio.Event) -> None:
        """Sleep until `news` is set, POLL_SECONDS at most."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(news.wait(), POLL_SECONDS)

    async def _listen(self) -> None:
        await run_task_group(self._listener.listen(), self._wake_readers())

    async def _wake_readers(self) -> None:
        while True:
            await self._listener.wait(POLL_SECONDS)
            passed, self._news = self._news, asyncio.Event()
            passed.set()
