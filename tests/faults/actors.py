"""What people do all day: advisers refer, desks answer, both write, and members come and go."""

import asyncio
import contextlib
import random
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import uuid4

from tests.contract import CONTRACT, EVENT_OF
from tests.faults.accounts import Accounts
from tests.faults.administration import Administration
from tests.faults.checks.erased import word_of
from tests.faults.commands import CARRIES, DESK_DOES, LEGAL_BASIS
from tests.faults.desk import Desk
from tests.faults.ledger import Promise
from tests.faults.people import JSON, GivenUp, Somebody, Unsure

_CROWD: Final = 40
"""How many events may wait to be told before everybody takes a break."""
_TOO_LATE: Final = 0.2
"""How many commands are tried on a version that is over first."""


class Day:
    """One working day: `pause` is what everybody waits on average between two things, in seconds."""

    def __init__(self, accounts: Accounts, seed: int, pause: float = 0.8) -> None:
        self.accounts = accounts
        self._random = random.Random(seed)
        self._administration = Administration(accounts, self._random, self.refer)
        self._desk = Desk(self._random, self._promise)
        self._pause = pause
        self._over = asyncio.Event()
        self._crowded = False
        self._tasks: list[asyncio.Task[None]] = []

    def begin(self, *others: Callable[[asyncio.Event], Awaitable[None]]) -> None:
        """Let everybody work, and `others` until the day is over."""
        self._tasks += [asyncio.create_task(_until(work, self._over)) for work in others]
        self._watcher = asyncio.create_task(self._watch_crowd())
        for adviser in self.accounts.advisers:
            self._tasks.append(asyncio.create_task(self._work(lambda who=adviser: self._advise(who))))  # type: ignore[misc]
        for desk in self.accounts.desks:
            self._tasks.append(asyncio.create_task(self._work(lambda who=desk: self._receive(who))))  # type: ignore[misc]
        self._tasks.append(asyncio.create_task(self._work(self._administration.change_room, slower=2.0)))
        self._tasks.append(asyncio.create_task(self._work(self._administration.come_and_go, slower=6.0)))

    async def end(self) -> None:
        """Everybody finishes what they have in hand, which has its limit. Raises what failed in anybody's work."""
        self._over.set()
        await asyncio.gather(*self._tasks)
        self._watcher.cancel()

    async def bring_every_fact(self) -> None:
        """Change every service once, so that what waits for one is dealt with."""
        with contextlib.suppress(GivenUp):
            await self._administration.change_all_rooms()

    async def change_room(self) -> None:
        """Some service has more or less room."""
        await self._administration.change_room()

    async def _work(self, act: Callable[[], Awaitable[None]], slower: float = 1.0) -> None:
        while not self._over.is_set():
            try:
                if not self._crowded:
                    await act()
            except Unsure:
                await asyncio.sleep(0.3)
            except GivenUp:
                return
            await asyncio.sleep(self._random.expovariate(1 / (slower * self._pause)))

    async def _watch_crowd(self) -> None:
        """Nobody begins anything while more waits than a busy machine can carry: a rig is no measure of speed."""
        lab = self.accounts.admin.lab
        while True:
            with contextlib.suppress(Exception):  # a server is away
                waiting = await lab.query("referral", "SELECT count(*) FROM outbox WHERE published_at IS NULL")
                groups = await lab.redis.xinfo_groups("referral.events")
                unread = sum((group["lag"] or 0) + group["pending"] for group in groups)
                self._crowded = waiting[0][0] + unread > _CROWD
            await asyncio.sleep(0.5)

    async def _advise(self, who: Somebody) -> None:
        if self._random.random() < 0.6:
            await self.refer(who)
            return
        referral = await self._choose(who, "/referrals?box=sent&open=true&limit=20")
        if referral is None:
            return
        status, lot = referral["status"], self._random.random()
        if status in ("completed", "failed", "rejected", "cancelled"):
            await self.give(who, referral, "close")
        elif lot < 0.5:
            await self.write(who, referral)
        elif lot < 0.6:
            await self.give(who, referral, "cancel")
        elif lot < 0.65:
            await self.give(who, referral, "withdraw-consent")

    async def _receive(self, who: Somebody) -> None:
        referral = await self._choose(who, "/referrals?box=received&open=true&limit=20")
        if referral is None:
            return None
        lot = self._random.random()
        if lot < 0.2:
            return await self.write(who, referral)
        if lot < 0.35:
            return await self._desk.answer_many(who)
        if lot < 0.45:
            return await self.see(who)
        if lot < 0.52:
            return await self._assign(who, referral)
        if lot < 0.6 and referral["status"] in CONTRACT["forward"]:
            return await self._forward(who, referral)
        answer = await who.ask("referral", "GET", f"/referrals/{referral['id']}")
        if answer.status_code == 200 and (commands := DESK_DOES.get(answer.json()["status"])):
            await self.give(who, answer.json(), self._random.choice(commands))

    async def _choose(self, who: Somebody, path: str) -> JSON | None:
        answer = await who.ask("referral", "GET", path)
        found = answer.json()["contents"] if answer.status_code == 200 else []
        return dict(self._random.choice(found)) if found else None

    async def draft(self, who: Somebody) -> str | None:
        """Create a referral that is not sent; returns its id."""
        return await self.refer(who, send=False)

    async def refer(self, who: Somebody, *, send: bool = True) -> str | None:
        """Create and perhaps send a referral, with one key however often it takes; returns its id."""
        key = str(uuid4())
        body: JSON = {
            "service_id": self._random.choice(self.accounts.services)["id"],
            "client": {"name": f"Somebody {word_of(key)}", "language": "en", "contact_via": "adviser"},
            "reason": f"Looks for advice, {word_of(key)}.",
            "urgency": self._random.choice(("routine", "urgent")),
            "legal_basis": LEGAL_BASIS,
            "send": send and self._random.random() < 0.9,
        }
        answer = await who.insist("referral", "POST", "/referrals", body, Idempotency_Key=key)
        if answer.status_code != 201:
            # Nothing about it is wrong, so a refusal says that its key was used up by a try that came to nothing.
            who.ledger.contradictions.append(f"key {key} was refused with {answer.status_code} {answer.text[:200]}")
            return None
        created = answer.json()
        who.ledger.created(key, created["id"])
        self._promise(who, created, "created", 1, key)
        if body["send"]:
            self._promise(who, created, "sent", 2, key)
        return str(created["id"])

    async def give(self, who: Somebody, referral: JSON, command: str) -> None:
        """A command on the version last seen; whoever was quicker wins."""
        path = f"/referrals/{referral['id']}/{command}"
        carried = CARRIES.get(command, {})
        if self._random.random() < _TOO_LATE:
            await self._give_too_late(who, path, carried, referral["version"] - 1)
        answer = await who.ask("referral", "POST", path, carried, If_Match=f'"{referral["version"]}"')
        if answer.status_code == 200:
            self._promise(who, answer.json(), EVENT_OF[command], answer.json()["version"])
        else:
            who.ledger.refused[f"{command} {answer.status_code}"] += 1

    async def _give_too_late(self, who: Somebody, path: str, carried: JSON, version: int) -> None:
        """The same on the version before, as by somebody who looked long ago: that must change nothing."""
        answer = await who.ask("referral", "POST", path, carried, If_Match=f'"{version}"')
        if answer.status_code == 200:
            who.ledger.contradictions.append(f"{path} was carried out on version {version}, which was over")

    async def _forward(self, who: Somebody, referral: JSON) -> None:
        """Pass it on to another organisation; to one that has a part in the chain already is refused."""
        path, version = f"/referrals/{referral['id']}/forward", referral["version"]
        body = {"service_id": self._random.choice(self.accounts.services)["id"], "legal_basis": LEGAL_BASIS}
        answer = await who.ask("referral", "POST", path, body, If_Match=f'"{version}"')
        if answer.status_code != 201:
            who.ledger.refused[f"forward {answer.status_code}"] += 1
            return
        self._promise(who, referral, "forwarded", version + 1)
        self._promise(who, answer.json(), "created", 1)
        self._promise(who, answer.json(), "sent", 2)

    async def _assign(self, who: Somebody, referral: JSON) -> None:
        """Give it to somebody of the desk, or back to all; to whoever has it is no change."""
        desk = [one.member for one in self.accounts.desks if one.member.organization == who.member.organization]
        chosen = self._random.choice([*(str(member.id) for member in desk), None])
        path, version = f"/referrals/{referral['id']}/assign", referral["version"]
        answer = await who.ask("referral", "POST", path, {"member_id": chosen}, If_Match=f'"{version}"')
        if answer.status_code != 200:
            who.ledger.refused[f"assign {answer.status_code}"] += 1
        elif answer.json()["version"] > version:
            self._promise(who, answer.json(), "assigned", answer.json()["version"])

    async def write(self, who: Somebody, referral: JSON) -> None:
        """A message. Nobody repeats it when no answer comes: it may have been written."""
        path = f"/referrals/{referral['id']}/messages"
        answer = await who.ask(
            "referral", "POST", path, {"text": f"Shall we meet on Monday, {word_of(referral['id'])}?"}
        )
        if answer.status_code == 201:
            self._promise(who, referral, "message_sent", 0, answer.json()["id"])

    async def see(self, who: Somebody) -> None:
        """Look at the inbox, and mark a few notices as seen."""
        answer = await who.ask("notifications", "GET", "/notices?unseen=true&limit=5")
        for notice in answer.json()["contents"] if answer.status_code == 200 else []:
            if (await who.ask("notifications", "POST", f"/notices/{notice['id']}/seen", {})).status_code == 200:
                who.ledger.seen.add(notice["id"])

    def _promise(self, who: Somebody, referral: JSON, event: str, version: int, detail: str = "") -> None:
        told = Promise("referral", f"referral.{event}.v1", referral["id"], version, str(who.member.id), detail)
        who.ledger.acknowledge(told)


async def _until(work: Callable[[asyncio.Event], Awaitable[None]], over: asyncio.Event) -> None:
    await work(over)
