"""What an administrator does all day: services have more or less room, and members come and go."""

import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from tests.faults.accounts import Accounts, hire, wait_until_known
from tests.faults.lab import PATIENCE
from tests.faults.ledger import Promise
from tests.faults.people import JSON, Somebody, Unsure


@dataclass
class Administration:
    """`refer` is what members do who come for a while."""

    accounts: Accounts
    _random: random.Random
    _refer: Callable[[Somebody], Awaitable[object]]

    async def change_room(self, service: JSON | None = None) -> None:
        """The catalogue changes: how much room a service has."""
        admin, service = self.accounts.admin, service or self._random.choice(self.accounts.services)
        path = f"/services/{service['id']}"
        seen = await admin.ask("catalog", "GET", path)
        room = {"status": self._random.choice(("capacity", "waitlist", "no-capacity")), "available": None}
        if seen.json()["version"] > 1 and self._random.random() < 0.2:
            over = f'"{seen.json()["version"] - 1}"'
            if (await admin.ask("catalog", "PUT", f"{path}/capacity", room, If_Match=over)).status_code == 200:
                admin.ledger.contradictions.append(f"{path}/capacity was changed on version {over}, which was over")
        answer = await admin.ask("catalog", "PUT", f"{path}/capacity", room, If_Match=seen.headers["ETag"])
        if answer.status_code == 200:
            version = int(answer.headers["ETag"].strip('"'))
            if version != seen.json()["version"]:
                told = Promise("catalog", "catalog.service_changed.v1", service["id"], version, str(admin.member.id))
                admin.ledger.acknowledge(told)
        else:
            admin.ledger.refused[f"capacity {answer.status_code}"] += 1

    async def change_all_rooms(self) -> None:
        """Give every service another amount of room. Raises GivenUp."""
        admin = self.accounts.admin
        for service in self.accounts.services:
            before = (await admin.insist("catalog", "GET", f"/services/{service['id']}")).json()["version"]
            deadline, now = time.monotonic() + PATIENCE, before
            while now == before:
                admin.wait_no_longer_than(deadline, f"room of {service['id']} was not changed")
                with contextlib.suppress(Unsure):
                    await self.change_room(service)
                now = (await admin.insist("catalog", "GET", f"/services/{service['id']}")).json()["version"]

    async def come_and_go(self) -> None:
        """Somebody is hired for a while, refers a few clients, and leaves; a deputy takes over."""
        admin, number = self.accounts.admin, 100 + len(self.accounts.others)
        deputy = self._random.choice(self.accounts.advisers).member
        organization = self.accounts.organizations[deputy.organization]
        temp = await hire(admin, organization, number, ["adviser"], str(deputy.id))
        self.accounts.others.append(temp)
        await wait_until_known(temp)
        for _ in range(self._random.randint(1, 4)):
            await self._refer(temp)
        await self._let_go(temp)

    async def _let_go(self, temp: Somebody) -> None:
        admin, path, deadline = self.accounts.admin, f"/members/{temp.member.id}", time.monotonic() + PATIENCE
        while True:
            admin.wait_no_longer_than(deadline, f"PATCH {path} was not carried out")
            seen = await admin.insist("catalog", "GET", path)
            if seen.status_code == 404:  # lost with a database that was taken back, or else one promise less is kept
                return None
            if seen.json()["active"] is False:
                return None
            try:
                gone = await admin.ask("catalog", "PATCH", path, {"active": False}, If_Match=seen.headers["ETag"])
            except Unsure:
                continue
            if gone.status_code == 200:
                version = int(gone.headers["ETag"].strip('"'))
                told = Promise("catalog", "catalog.member_changed.v1", str(temp.member.id), version, "admin")
                return admin.ledger.acknowledge(told)
