"""Retention on a day at the rig: what became old has to go, and nothing else may."""

from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from luotsi.retention.lines import retain
from luotsi.retention.registers import PERIODS, read_periods
from shared.services import publishers, readers
from tests.faults.aging import Aging, parts
from tests.faults.checks.erased import Erased
from tests.faults.checks.expectations import Finding
from tests.faults.old_rows import ids_that_stay, put_aside, still_there

_DAYS: Final = {**read_periods(PERIODS), "disclosures": 1}
"""The periods of the product; only a day for what was shown, for each day of a longer one would have to be sealed."""
_TAKEN_BY: Final = {
    "messages": ("referral.messages",),
    "answers": ("referral.idempotency_keys",),
    "disclosures": ("referral.disclosures",),
    "referral_log": ("referral.outbox",),
    "notices": ("notifications.notices",),
    "delivery_log": ("notifications.outbox",),
    "catalogue_log": ("catalog.outbox",),
    "unfound_words": ("catalog.unfound_words",),
    "handled": tuple(f"{service}.inbox" for service in readers()),
}
"""Register → the tables whose rows it counts."""
_CLIENTS: Final = {"drafts": "a draft", "clients": "a client"}
"""Register → what became old of it."""
_GONE: Final = "SELECT event_id FROM books.old_outbox WHERE event_id NOT IN (SELECT event_id FROM public.outbox)"


@dataclass
class Retention:
    """`old` is what was made old by now; `under_way` whether a run was begun and not ended: it may be halfway."""

    aging: Aging
    old: set[str] = field(default_factory=set)
    under_way: bool = False
    _chosen: dict[str, Any] = field(default_factory=dict)

    async def take_away(self) -> bool:
        """Let become old what can, have retention run, and see what it took; whether something of all became old."""
        for name, (choose, make_old) in parts(self.aging).items():
            if name not in self._chosen and (chosen := await choose()) is not None:
                self._chosen[name] = chosen
            if name in self._chosen and name not in self.old:
                await make_old(self._chosen[name])
                self.old.add(name)
        await self._run()
        return len(self.old) == len(parts(self.aging))

    async def forget(self) -> None:
        """All is at rest: let it be long ago that the events were dealt with that are gone, and some that are not.

        Earlier, a server that loses its last seconds would bring such an event again.
        """
        lab = self.aging.lab
        gone = {row["event_id"] for owner in publishers() for row in await lab.query(owner, _GONE, as_owner=True)}
        for service in readers():
            await put_aside(lab, service, "inbox", "event_id = ANY ($1)", list(gone))
            sql = "SELECT event_id FROM inbox ORDER BY event_id LIMIT 20"
            long_ago = [*gone, *(row["event_id"] for row in await lab.query(service, sql))]
            sql = "UPDATE inbox SET handled_at = now() - interval '100 days' WHERE event_id = ANY ($1)"
            await lab.query(service, sql, long_ago, as_owner=True)
        await self._run()
        for table, count in (await still_there(lab)).items():
            lab.found.append(Finding("stuck", f"{count} rows of {table} are old enough, and were not taken away"))

    @property
    def in_books(self) -> set[UUID]:
        """Referrals whose clients are not to be erased, for the books have what has to be gone then."""
        chosen = self._chosen.get("an ended referral")
        return {chosen} if chosen else set()

    async def _run(self) -> None:
        lab, ledger = self.aging.lab, self.aging.ledger
        old = {name: self._chosen[name] for name in _CLIENTS.values() if name in self.old}
        clients = [each.client for each in old.values()]
        before, due = await ids_that_stay(lab, clients), await self._due()
        self.under_way = True
        lines = await retain(lab.target, _DAYS, run=True)
        self.under_way = False
        after = await ids_that_stay(lab, clients)
        for line in lines:
            if line.rows > due.get(line.register, 0):
                what = f"retention took {line.rows} of {line.register} away, and {due.get(line.register, 0)} were due"
                lab.found.append(Finding("lost", what))
        for table, ids in before.items():
            if gone := ids - after[table]:
                lab.found.append(Finding("lost", f"retention took {len(gone)} rows of {table} that were not due"))
        for name, each in old.items():
            if await self._is_left(name):
                lab.found.append(Finding("stuck", f"{name} is old enough, and was not taken away: {each.referral}"))
            elif each not in ledger.erased and await self._is_erased(each):
                ledger.erased.append(each)

    async def _due(self) -> dict[str, int]:
        """How many rows each register may lose: those that were made old and are there."""
        there = await still_there(self.aging.lab, whatever=True)
        due = {name: sum(there.get(table, 0) for table in tables) for name, tables in _TAKEN_BY.items()}
        for register, name in _CLIENTS.items():
            due[register] = int(name in self.old and await self._is_left(name))
        return due

    async def _is_left(self, name: str) -> bool:
        """Whether the draft or the client is as before; somebody may have cancelled the draft, which makes it new."""
        if name == "a client":
            return not await self._is_erased(self._chosen[name])
        sql = "SELECT FROM referrals WHERE id = $1 AND status = 'draft'"
        return bool(await self.aging.lab.query("referral", sql, self._chosen[name].referral))

    async def _is_erased(self, each: Erased) -> bool:
        sql = "SELECT FROM clients WHERE id = $1 AND erased_at IS NOT NULL"
        return bool(await self.aging.lab.query("referral", sql, each.client))
