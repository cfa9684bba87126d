"""Members who keep the stream of their notices open all day, and go on where they were when it ended."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

import httpx2

from tests.faults.accounts import Accounts
from tests.faults.checks.expectations import Finding
from tests.faults.lab import PATIENCE
from tests.faults.people import Somebody, Unsure

_SILENCE: Final = 40.0
"""Seconds without a word after which a stream counts as dead: the service says something every fifteen."""
_NEWEST: Final = "SELECT coalesce(max(number), 0) FROM notices WHERE recipient_member_id = $1"


@dataclass
class Listener:
    """One window of somebody's; `heard` are the ids of the notices that came, the n-th being the one of number n."""

    who: Somebody
    lot: random.Random
    heard: list[UUID] = field(default_factory=list)
    opened: int = 0

    async def listen(self) -> None:
        """Listen until cancelled: now and then the window is closed, and opened again."""
        async with httpx2.AsyncClient(timeout=httpx2.Timeout(8, read=_SILENCE), trust_env=False) as http:
            while True:
                with contextlib.suppress(httpx2.HTTPError, TimeoutError, Unsure):
                    async with asyncio.timeout(self.lot.uniform(3, 30)):
                        await self._open(http)
                await asyncio.sleep(self.lot.uniform(0.2, 1.0))

    async def _open(self, http: httpx2.AsyncClient) -> None:
        headers = {"Authorization": f"Bearer {self.who.token()}", "Last-Event-ID": str(len(self.heard))}
        url = self.who.lab.urls["notifications"] + "/notices/stream"
        async with http.stream("GET", url, headers=headers) as answer:
            if answer.status_code != 200:
                return
            self.opened += 1
            told: dict[str, str] = {}
            async for line in answer.aiter_lines():
                name, _, value = line.partition(": ")
                if line:
                    told[name] = value
                elif "data" in told:
                    self._hear(int(told["id"]), json.loads(told["data"]))
                    told = {}

    def _hear(self, number: int, notice: dict[str, Any]) -> None:
        """The next number is the only one that may come."""
        if number == len(self.heard) + 1:
            self.heard.append(UUID(notice["id"]))
        else:
            what = f"the stream of {self.who.member.email} went on with {number} after {len(self.heard)}"
            self.who.lab.found.append(Finding("lost" if number > len(self.heard) else "doubled", what))

    async def hear_all(self) -> None:
        """Wait until all has come that is there, or for as long as anything may take; what is lacking is lost."""
        deadline, lab, newest = time.monotonic() + PATIENCE, self.who.lab, 0
        while time.monotonic() < deadline and not lab.found:
            with contextlib.suppress(Exception):  # the database is away
                newest = (await lab.query("notifications", _NEWEST, self.who.member.id))[0][0]
                if newest == len(self.heard):
                    return
            await asyncio.sleep(0.3)
        if lab.found:
            return  # whatever else was found has ended the run
        what = f"the stream of {self.who.member.email} has told {len(self.heard)} of {newest} notices"
        lab.found.append(Finding("lost", what))


def listeners_of(accounts: Accounts, seed: int) -> list[Listener]:
    """Some of the people, one of them with two windows."""
    people = [*accounts.advisers[:2], *accounts.desks[:2], accounts.desks[0]]
    return [Listener(who, random.Random(f"{seed} {n}")) for n, who in enumerate(people)]


@asynccontextmanager
async def listening(listeners: list[Listener]) -> AsyncIterator[None]:
    """They listen while the block runs."""
    tasks = [asyncio.create_task(listener.listen()) for listener in listeners]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
