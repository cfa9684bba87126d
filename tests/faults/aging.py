"""What becomes old on a day at the rig: for each part of what retention takes away one thing, chosen and made old.

Whoever chooses names something that all have dealt with, or says None when there is nothing yet. Making it old may be
repeated: the rows that have to go are put aside first (`tests/faults/old_rows.py`).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from luotsi.platform.referral_work import working
from services.referral.use_cases.disclosure_log import seal_finished_days
from shared.clock import utc_now
from tests.faults.actors import Day
from tests.faults.checks.erased import Erased, what_is_kept_of
from tests.faults.checks.expectations import AUDIENCE
from tests.faults.ending import closed_referral
from tests.faults.lab import Lab
from tests.faults.ledger import Ledger
from tests.faults.old_rows import put_aside
from tests.faults.people import Somebody

_HAS_MESSAGES: Final = "SELECT FROM messages WHERE referral_id = $1"
_OF_ERASED: Final = (
    "SELECT event_id, type, published_at FROM outbox JOIN referrals r ON r.id::text = subject WHERE r.client_id = $1"
)
_STILL_OPEN: Final = "SELECT FROM referrals WHERE client_id = $1 AND closed_at IS NULL"
_SEEN: Final = (
    "SELECT n.id, array_agg(d.id) AS deliveries FROM notices n JOIN deliveries d ON d.notice_id = n.id "
    "WHERE n.seen_at IS NOT NULL AND n.referral_id IS NOT NULL AND n.recipient_member_id <> ALL ($1) GROUP BY n.id "
    "HAVING bool_and(d.status = 'delivered') ORDER BY n.id LIMIT 3"
)
_EVENTS_OF: Final = "SELECT event_id, type, published_at FROM outbox WHERE subject = ANY ($1)"
_SUPERSEDED: Final = (
    "SELECT subject, max(id) AS newest FROM outbox WHERE type = 'catalog.service_changed.v1' "
    "GROUP BY subject HAVING count(*) > 1 ORDER BY count(*) DESC, subject LIMIT 1"
)
_SHOWN: Final = "SELECT id FROM disclosures WHERE NOT EXISTS (SELECT FROM audit_seals) ORDER BY id LIMIT 5"
_A_WORD: Final = "zorvenplug"


@dataclass
class Aging:
    """`adviser` refers for it. Notices of `listening` are left alone: their streams tell of each, number by number."""

    lab: Lab
    ledger: Ledger
    day: Day
    adviser: Somebody
    listening: list[UUID]

    async def draft(self) -> Erased | None:
        """A referral that is never sent."""
        made = await self.day.draft(self.adviser)
        return await self._kept_of(UUID(made)) if made else None

    async def age_draft(self, draft: Erased) -> None:
        """It was last changed 91 days ago."""
        sql = "UPDATE referrals SET updated_at = now() - interval '91 days' WHERE id = $1 AND status = 'draft'"
        await self._do("referral", sql, draft.referral)

    async def ended(self) -> UUID | None:
        """A referral with messages that is closed."""
        closed = await closed_referral(self.day, self.adviser)
        return closed if closed and await self.lab.query("referral", _HAS_MESSAGES, closed) else None

    async def age_ended(self, referral: UUID) -> None:
        """It was closed 400 days ago: messages have to go, and the answer that a repeated creation would get."""
        await put_aside(self.lab, "referral", "messages", "referral_id = $1", referral)
        await put_aside(self.lab, "referral", "idempotency_keys", "referral_id = $1", referral)
        sql = "UPDATE referrals SET closed_at = now() - interval '400 days' WHERE id = $1"
        await self._do("referral", sql, referral)
        sql = "UPDATE idempotency_keys SET created_at = now() - interval '400 days' WHERE referral_id = $1"
        await self._do("referral", sql, referral)

    async def client(self) -> Erased | None:
        """A client whose only referral is closed."""
        closed = await closed_referral(self.day, self.adviser)
        return await self._kept_of(closed) if closed else None

    async def age_client(self, client: Erased) -> None:
        """It was closed 800 days ago: the client has to be erased."""
        sql = "UPDATE referrals SET closed_at = now() - interval '800 days' WHERE client_id = $1"
        await self._do("referral", sql, client.client)

    async def erased(self) -> UUID | None:
        """A client who was erased, of whose referrals, all closed, everybody has heard all."""
        for each in self.ledger.erased:
            if await self.lab.query("referral", _STILL_OPEN, each.client):
                continue  # more may come about it, and go with the rest
            if await self._dealt_with("referral", _OF_ERASED, each.client, {"notifications": AUDIENCE}):
                return each.client
        return None

    async def age_erased(self, client: UUID) -> None:
        """They were erased 40 days ago: the events of their referrals have to go."""
        which = "subject IN (SELECT id::text FROM referrals WHERE client_id = $1)"
        await put_aside(self.lab, "referral", "outbox", which, client)
        await self._do("referral", "UPDATE clients SET erased_at = now() - interval '40 days' WHERE id = $1", client)

    async def seen(self) -> tuple[list[UUID], list[UUID]] | None:
        """Notices that somebody has seen, and their deliveries, of which the referral service has heard."""
        desks = [desk for desk in self.day.accounts.desks if desk.member.id not in self.listening]
        await self.day.see(desks[0])
        rows = await self.lab.query("notifications", _SEEN, self.listening)
        notices, deliveries = [row["id"] for row in rows], [one for row in rows for one in row["deliveries"]]
        subjects = [str(each) for each in deliveries]
        if not rows or not await self._dealt_with("notifications", _EVENTS_OF, subjects, {"referral": None}):
            return None
        return notices, deliveries

    async def age_seen(self, chosen: tuple[list[UUID], list[UUID]]) -> None:
        """They were made 800 days ago: they have to go, with deliveries, what was told of these, and the proofs."""
        notices, deliveries = chosen
        await put_aside(self.lab, "notifications", "notices", "id = ANY ($1)", notices)
        await put_aside(self.lab, "notifications", "deliveries", "id = ANY ($1)", deliveries)
        await put_aside(self.lab, "notifications", "outbox", "subject = ANY ($1)", [str(each) for each in deliveries])
        await put_aside(self.lab, "referral", "deliveries", "id = ANY ($1)", deliveries)
        sql = "UPDATE notices SET created_at = now() - interval '800 days' WHERE id = ANY ($1)"
        await self._do("notifications", sql, notices)

    async def states(self) -> tuple[str, int] | None:
        """A service that has changed, of which everybody knows, and the number of its newest event."""
        rows = await self.lab.query("catalog", _SUPERSEDED)
        if not rows:
            await self.day.change_room()
            return None
        heard = {"referral": None, "notifications": None}
        well = await self._dealt_with("catalog", _EVENTS_OF, [rows[0]["subject"]], heard)
        return (rows[0]["subject"], rows[0]["newest"]) if well else None

    async def age_states(self, chosen: tuple[str, int]) -> None:
        """Its newest state was told 400 days ago: those before it have to go."""
        subject, newest = chosen
        await put_aside(self.lab, "catalog", "outbox", "subject = $1 AND id < $2", subject, newest)
        sql = "UPDATE outbox SET recorded_at = now() - interval '400 days' WHERE id = $1"
        await self._do("catalog", sql, newest)

    async def word(self) -> bytes | None:
        """A word that somebody looks for in vain."""
        await self.adviser.insist("catalog", "GET", f"/services?query={_A_WORD}&exactly=true")
        rows = await self.lab.query("catalog", "SELECT digest FROM unfound_words")
        return bytes(rows[0]["digest"]) if rows else None

    async def age_word(self, digest: bytes) -> None:
        """It was looked for 400 days ago."""
        await put_aside(self.lab, "catalog", "unfound_words", "digest = $1", digest)
        await self._do("catalog", "UPDATE unfound_words SET last_on = current_date - 400 WHERE digest = $1", digest)

    async def shown(self) -> list[UUID] | None:
        """The first that were shown anything; no day is sealed yet."""
        rows = await self.lab.query("referral", _SHOWN)
        return [row["id"] for row in rows] or None

    async def age_shown(self, disclosures: list[UUID]) -> None:
        """That was three days ago, and the days since then are sealed, by the rig unless a worker is quicker."""
        await put_aside(self.lab, "referral", "disclosures", "id = ANY ($1)", disclosures)
        sql = "UPDATE disclosures SET at = now() - interval '3 days' WHERE id = ANY ($1)"
        await self._do("referral", sql, disclosures)
        try:
            async with working(self.lab.target) as work:
                await seal_finished_days(work.tx, self.lab.target.key("AUDIT_KEY"), utc_now())
        except IntegrityError:
            return

    async def _kept_of(self, referral: UUID) -> Erased:
        key = next(key for key, made in self.ledger.keys.items() if made == str(referral))
        return await what_is_kept_of(self.lab, referral, key)

    async def _do(self, service: str, sql: str, *arguments: object) -> None:
        await self.lab.query(service, sql, *arguments, as_owner=True)

    async def _dealt_with(
        self, owner: str, sql: str, about: object, heard: Mapping[str, tuple[str, ...] | None]
    ) -> bool:
        """Whether there are such events, all are published, and each service has heard of those of its types."""
        events = await self.lab.query(owner, sql, about)
        if not events or any(event["published_at"] is None for event in events):
            return False
        for service, types in heard.items():
            due = {event["event_id"] for event in events if types is None or event["type"] in types}
            sql = "SELECT event_id FROM inbox WHERE event_id NOT IN (SELECT event_id FROM parked)"
            if not due <= {row["event_id"] for row in await self.lab.query(service, sql)}:
                return False
        return True


Part = tuple[Callable[[], Awaitable[Any]], Callable[[Any], Awaitable[None]]]


def parts(aging: Aging) -> dict[str, Part]:
    """What becomes old, by name: who chooses it, and who makes it old."""
    return {
        "a draft": (aging.draft, aging.age_draft),
        "an ended referral": (aging.ended, aging.age_ended),
        "a client": (aging.client, aging.age_client),
        "an erased client": (aging.erased, aging.age_erased),
        "seen notices": (aging.seen, aging.age_seen),
        "states of the catalogue": (aging.states, aging.age_states),
        "a word": (aging.word, aging.age_word),
        "what was shown": (aging.shown, aging.age_shown),
    }
