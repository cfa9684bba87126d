"""Wakes the open inboxes of a web process when notices for them were committed, over one database connection."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from uuid import UUID

from services.notifications.queries.notices import Inbox, inboxes_of
from shared.actors import Actor
from shared.database.connections import Database
from shared.database.outages import is_outage
from shared.problems import too_many
from shared.publishing.notify_listener import NotifyListener
from shared.task_group import run_task_group

log = logging.getLogger(__name__)

POLL_SECONDS = 5.0
"""How long a reader waits at most, should a wake-up be lost."""
MOST_STREAMS: Final = 10
"""Streams that one account may have open in a web process: each takes a connection and some memory."""


class OpenInbox:
    """An inbox that somebody reads as it fills. `sent` is the number up to which all was sent."""

    def __init__(self, actor: Actor) -> None:
        self._organization_id = actor.organization_id
        self._news = asyncio.Event()
        self.sent = 0

    async def wait(self) -> bool:
        """Sleep until there is something to look for, POLL_SECONDS at most; returns whether there is.

        What comes after a look was begun is not missed: it ends the next waiting at once.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(POLL_SECONDS):
                await self._news.wait()
        woken = self._news.is_set()
        self._news.clear()
        return woken

    def wake(self) -> None:
        """Let the reader look."""
        self._news.set()

    def lacks(self, there: Inbox | None) -> bool:
        """Whether the reader has to look, as it is `there` in the database; None: the member may not act any more."""
        return there is None or there.organization_id != self._organization_id or there.newest > self.sent


class NoticeFeed:
    """Tells readers that there are new notices for them; holds its connection only while there is a reader.

    PostgreSQL names the recipient of each notice that is committed, and nobody else is woken. Should that be lost, one
    statement for all inboxes that are open finds out who lacks something, and who may not read any more.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listener = NotifyListener(database.url, "notices", self._wake)
        self._open: dict[str, list[OpenInbox]] = {}
        """By the id of the member, as notifications name it"""
        self._listening: asyncio.Task[None] | None = None

    @contextmanager
    def opened(self, actor: Actor) -> Iterator[OpenInbox]:
        """The actor's inbox, open for as long as the block runs. Raises 429 where the account has too many open."""
        member_id = str(actor.member_id)
        if len(self._open.get(member_id, ())) >= MOST_STREAMS:
            detail = f"This account has {MOST_STREAMS} streams of notices open. Close one of them."
            raise too_many(detail, round(POLL_SECONDS))
        inbox = OpenInbox(actor)
        self._open.setdefault(member_id, []).append(inbox)
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())
        try:
            yield inbox
        finally:
            self._open[member_id].remove(inbox)
            if not self._open[member_id]:
                del self._open[member_id]
            if not self._open and self._listening is not None:
                self._listening.cancel()
                self._listening = None

    async def _listen(self) -> None:
        while True:
            try:
                await run_task_group(self._listener.listen(), self._look_forever())
            except Exception:  # else nobody would be woken any more, and nobody would notice
                log.exception("open inboxes are not woken for a moment")
            await asyncio.sleep(POLL_SECONDS)

    def _wake(self, member_id: str) -> None:
        for inbox in self._open.get(member_id, ()):
            inbox.wake()

    async def _look_forever(self) -> None:
        while True:
            await self._listener.wait(POLL_SECONDS)
            there = await self._look([UUID(member_id) for member_id in self._open])
            for member_id, inboxes in self._open.items():
                for inbox in inboxes:
                    if inbox.lacks(there.get(UUID(member_id))):
                        inbox.wake()

    async def _look(self, members: list[UUID]) -> dict[UUID, Inbox]:
        """What is there in the database; nothing while that is away, so that each reader finds that out."""
        try:
            async with self._database.reading() as reader:
                return await inboxes_of(reader, members)
        except Exception as error:
            if not is_outage(error):
                raise
            return {}
