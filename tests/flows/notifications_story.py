"""A referral as the referral service would tell of it, for tests of who is told what."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from shared.events import Envelope
from shared.events.referral import MessageSent, ReferralAssigned, ReferralState, Side
from shared.ids import new_id
from shared.publishing.outbox import Outbox
from tests.builders import Someone, Town
from tests.platform import Platform

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass
class Story:
    """One referral from Navigaattori to Business Kuopio, already sent unless told otherwise."""

    platform: Platform
    state: ReferralState

    @classmethod
    def of(cls, platform: Platform, town: Town, **changes: Any) -> "Story":
        """Begin one; `changes` are fields of its state."""
        usual: dict[str, Any] = {
            "id": new_id(),
            "reference": "KUO-7F3K-92",
            "status": "requested",
            "version": 2,
            "urgency": "routine",
            "language": "uk",
            "service_id": town.advice,
            "source_organization_id": town.navigaattori,
            "source_member_id": town.adviser.id,
            "target_organization_id": town.business,
            "desk_member_ids": (town.desk.id,),
            "created_at": NOW,
            "sent_at": NOW,
        }
        return cls(platform, ReferralState(**usual | changes))

    async def tell(self, event: str, by_side: Side | None = None, **changes: Any) -> Envelope:
        """Record `referral.<event>.v1` in the referral service's log; the relay brings it on."""
        version = self.state.version + 1
        self.state = self.state.model_copy(update={**changes, "by_side": by_side, "version": version})
        if event == "message_sent":
            assert by_side is not None
            return await self._record(event, MessageSent(message_id=new_id(), side=by_side, referral=self.state))
        if event == "assigned":
            return await self._record(event, ReferralAssigned(**self.state.model_dump()))
        return await self._record(event, self.state)

    async def _record(self, event: str, data: ReferralState | MessageSent) -> Envelope:
        async with self.platform.databases["referral"].transaction() as tx:
            outbox = Outbox("referral")
            return outbox.record(tx, f"referral.{event}.v1", self.state.id, self.state.version, data)


async def notices(platform: Platform, who: Someone, **query: str) -> list[dict[str, Any]]:
    """What `who` finds in the inbox, newest first."""
    async with platform.client("notifications", who) as client:
        answer = await client.get("/notices", params=query)
        assert answer.status_code == 200, answer.text
        contents: list[dict[str, Any]] = answer.json()["contents"]
        return contents


async def told(platform: Platform, *people: Someone) -> dict[str, list[str]]:
    """Address → the event types that each of `people` was told of, oldest first, without `referral.` and `.v1`."""
    return {
        who.email: [
            notice["event_type"].removeprefix("referral.").removesuffix(".v1")
            for notice in reversed(await notices(platform, who))
        ]
        for who in people
    }


async def count(platform: Platform, table: str, where: str = "true", **params: Any) -> int:
    """How many rows of a table of the notification service match."""
    found: int = await platform.scalar("notifications", f"SELECT count(*) FROM {table} WHERE {where}", **params)
    return found


def ids(*values: UUID) -> set[str]:
    """Ids as JSON shows them."""
    return {str(value) for value in values}


__all__ = ["NOW", "Story", "count", "ids", "notices", "told"]
