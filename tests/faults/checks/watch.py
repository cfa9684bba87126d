"""The watch: looks at everything again and again while faults go on. One finding ends the run."""

import asyncio
import json
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

import asyncpg
from redis.exceptions import RedisError

from shared.services import publishers, readers
from tests.faults.checks.always import ALWAYS
from tests.faults.checks.expectations import Finding, told_parts
from tests.faults.checks.given_up import refused_again
from tests.faults.checks.heard import check_heard
from tests.faults.checks.many import check_many
from tests.faults.checks.repeats import repeated_entries, repeated_mails
from tests.faults.checks.sights import Row, Sight, keeps, look_at, opened, same, shown
from tests.faults.lab import Lab
from tests.faults.ledger import Ledger, Promise
from tests.faults.listeners import Listener
from tests.faults.mail import delivery_of

_AWAY = (
    *(OSError, RedisError, TimeoutError),
    *(asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError),
)
_DAMAGED = (asyncpg.UndefinedTableError, asyncpg.DataCorruptedError, asyncpg.IndexCorruptedError)
"""What a server says that is there, and has not what it held: a table is gone, or cannot be read."""
_ASKED_WRONGLY = (
    *(asyncpg.PostgresSyntaxError, asyncpg.GroupingError, asyncpg.DatatypeMismatchError),
    *(asyncpg.UndefinedColumnError, asyncpg.UndefinedFunctionError, asyncpg.AmbiguousColumnError),
)
"""What no server says that is away: the rig's own query is wrong, and would never be answered."""
_PAUSE = 1.0
_SHARE = 2.0
"""After a look, a pause of so many times what it took: the machine is there for the platform."""
_SHOWN = 5
_COPIES = {
    "organizations": "catalog",
    "services": "catalog",
    "members": "catalog",
    "deliveries": "notifications",
    "service_facts": "referral",
}
"""Table of copies → whose facts they are. `deliveries` of the referral service are the proofs."""


_LONGEST_AWAY = 300.0
"""Seconds: a server that is away for longer than any fault may take does not come back."""


@dataclass
class Watch:
    """`looks` were finished; `broken_off` were not, because a server was away: `broken_off_by` is what the last met."""

    lab: Lab
    ledger: Ledger
    listeners: list[Listener] = field(default_factory=list)
    looks: int = 0
    broken_off: int = 0
    broken_off_by: str = ""
    findings: list[Finding] = field(default_factory=list)
    away_since: float | None = None
    """When the first of the looks was broken off after which none was finished"""
    _known_events: set[UUID] = field(default_factory=set)
    _known_copies: set[tuple[str, str, str, int]] = field(default_factory=set)
    _kept: set[Promise] = field(default_factory=set)

    async def run(self) -> None:
        """Look until something is wrong, or a database is to be taken back: then the books are looked at afterwards."""
        while not self.findings:
            begun = time.monotonic()
            try:
                found = [] if self.lab.rewinding else await self.look()
                self.away_since = None
                if not self.lab.rewinding:
                    self.findings = found
                    self.looks += 1
            except _DAMAGED as error:
                self.findings = [Finding("lost", f"a database has not what it held: {error!r}")]
            except _ASKED_WRONGLY:
                raise
            except _AWAY as error:
                self.note_away(error, begun)
            await asyncio.sleep(max(_PAUSE, _SHARE * (time.monotonic() - begun)))

    def note_away(self, error: BaseException, begun: float) -> None:
        """A look that began then was broken off. What is away for too long is lost, but while all is flooded."""
        self.broken_off += 1
        self.broken_off_by = repr(error)
        self.away_since = begun if self.away_since is None or self.lab.flooded else self.away_since
        if (seconds := time.monotonic() - self.away_since) > _LONGEST_AWAY:
            self.findings = [Finding("lost", f"a server was away for {seconds:.0f} s and did not come back: {error!r}")]

    async def look(self) -> list[Finding]:
        """One look. Raises what servers raise that are away.

        What follows from something is read before it: a copy before its source, an inbox before the log. So
        whatever is found without its cause never had one.
        """
        promises = [promise for promise in self.ledger.promises if promise not in self._kept]
        seen = sorted(self.ledger.seen)
        mails = {delivery_of(mail) for mail in self.lab.mail.taken}
        found: list[Finding] = []
        sights: dict[str, Sight] = {}
        for service in readers():
            sights[service], wrong = await self._see(service)
            found += wrong
        found += await self._check_inboxes(sights)
        for service in readers():
            found += await self._check_copies(service, sights[service].copies)
        found += [*self.lab.found, *(Finding("wrong", text) for text in self.ledger.contradictions)]
        found += await self._check_promises(promises)
        found += await self._check_seen(seen)
        found += await self._check_mails(mails)
        found += await check_many(self.lab, self.ledger)
        found += await check_heard(self.lab, self.listeners)
        found += repeated_mails(self.lab.mail.taken, self.lab.mail.taken_at, self.lab.hands.disturbed)
        found += refused_again(self.lab.mail, self.lab.hands.disturbed)
        return found + await repeated_entries(self.lab)

    async def _see(self, service: str) -> tuple[Sight, list[Finding]]:
        connection = await self.lab.open_books(service)
        try:
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                wrong = []
                for what, sql in ALWAYS[service].items():
                    rows = await connection.fetch(sql, timeout=15)
                    wrong += [Finding("wrong", f"{service}: {what}: {shown(row)}") for row in rows[:_SHOWN]]
                return await look_at(connection, service), wrong
        finally:
            connection.terminate()

    async def _check_inboxes(self, sights: dict[str, Sight]) -> list[Finding]:
        """Nothing was dealt with that nobody told; whoever is to be told is, once the event is dealt with."""
        found = []
        there = sights["notifications"]
        for service, sight in sights.items():
            missing = {str(event_id) for event_id in sight.inbox - self._known_events - self.lab.forged}
            for owner in publishers():
                for event in await self._events(owner, "event_id = ANY($1::uuid[])", missing) if missing else ():
                    missing.discard(str(event["event_id"]))
                    if service == "notifications" and event["event_id"] in there.parked:
                        continue  # looked for again, once it is dealt with
                    self._known_events.add(event["event_id"])
                    data = json.loads(event["payload"])["data"]
                    if owner != "referral" or service != "notifications" or event["event_id"] in there.told:
                        continue
                    if told_parts(event["type"], data) & {"source", "desk"}:
                        found.append(Finding("lost", f"nobody is told of {event['type']} {event['event_id']}"))
            found += [Finding("wrong", f"{service} dealt with {event}, which nobody told") for event in missing]
        return found

    async def _check_copies(self, service: str, copies: list[tuple[str, Row]]) -> list[Finding]:
        """Each copy is what its owner told under that version."""
        fresh = {}
        for table, row in copies:
            key = (service, table, str(row["id"]), row["sequence"])
            if row["id"] not in self.lab.forged and key not in self._known_copies:
                fresh[key] = row
        found = []
        for owner in publishers():
            subjects = [key[2] for key in fresh if _COPIES[key[1]] == owner]
            events = await self._events(owner, "subject = ANY($1)", subjects) if subjects else []
            told = {(event["subject"], event["sequence"]): event for event in map(opened, events)}
            for key, row in fresh.items():
                if _COPIES[key[1]] != owner:
                    continue
                event = told.get((key[2], key[3]))
                if event is None:
                    found.append(Finding("wrong", f"{service} has {key[1]} {key[2]} as of {key[3]}, never told"))
                elif wrong := [name for name, value in row.items() if not same(value, event["data"].get(name, value))]:
                    found.append(Finding("wrong", f"{service} has {key[1]} {key[2]} with other {', '.join(wrong)}"))
                else:
                    self._known_copies.add(key)
        return found

    async def _check_promises(self, promises: Iterable[Promise]) -> list[Finding]:
        """What was acknowledged before this look is in the log, once."""
        found = []
        for service in ("catalog", "referral"):
            here = [promise for promise in promises if promise.service == service]
            subjects = sorted({promise.subject for promise in here})
            events = [opened(row) for row in await self._events(service, "subject = ANY($1)", subjects)]
            for promise in here:
                count = sum(keeps(event, promise) for event in events if event["subject"] == promise.subject)
                if count == 1:
                    self._kept.add(promise)
                else:
                    found.append(Finding("doubled" if count else "lost", f"{promise} has {count} events"))
        return found

    async def _check_seen(self, seen: list[str]) -> list[Finding]:
        sql = "SELECT id FROM notices WHERE id = ANY($1::uuid[]) AND seen_at IS NULL"
        forgotten = await self.lab.books("notifications", sql, seen)
        what = "somebody was told that they have seen notice {}, and it is not kept"
        return [Finding("lost", what.format(row["id"])) for row in forgotten]

    async def _check_mails(self, mails: set[str]) -> list[Finding]:
        sql = "SELECT id FROM deliveries WHERE id = ANY($1::uuid[]) AND attempts > 0"
        known = {str(row["id"]) for row in await self.lab.books("notifications", sql, sorted(mails))}
        return [Finding("wrong", f"a mail of delivery {one}, which nobody attempted") for one in mails - known]

    async def _events(self, owner: str, which: str, argument: Iterable[str]) -> list[Row]:
        sql = f"SELECT event_id, type, subject, payload FROM outbox WHERE {which}"
        return await self.lab.books(owner, sql, list(argument))
