"""The next version of a publisher, which tells one more field, and of a consumer, which makes something of it."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from shared.events import Envelope
from shared.events.referral import ReferralState
from tests.faults.patching import module_named, replace

FIELD = "waiting_list"
"""How many wait. Today's events do not have it."""

NOTE = "INSERT INTO rig_notes (event_id, waiting) VALUES (:event_id, :waiting)"
"""The effect of the newer consumer on each event that it deals with: what it read there, nothing in an older event.

There is a second row where the effect happens twice.
"""


def tell_more() -> None:
    """The next version of a publisher: its events carry fields that today's consumers have never heard of."""
    outbox = module_named("shared.publishing.outbox")

    class Newer(Envelope):
        region: str | None = "north"

        def model_dump_json(self, **options: Any) -> str:
            told = self.model_copy(update={"data": {**self.data, FIELD: 100 + self.sequence}})
            return super(Newer, told).model_dump_json(**options)

    replace(outbox, "Envelope", Newer)


def read_more() -> None:
    """The next version of a consumer: beyond what it did so far, it notes the new field, where there is one."""
    consumers = module_named("services.notifications.consumers")
    tell = consumers._tell

    class Newer(ReferralState):
        waiting_list: int | None = None

    async def note_more(outbox: Any, tx: Any, events: Sequence[Envelope]) -> None:
        await tell(outbox, tx, events)
        for event in events:
            state = Newer.model_validate({**event.data.get("referral", {}), **event.data})
            await tx.execute(text(NOTE), {"event_id": event.id, "waiting": state.waiting_list})

    replace(consumers, "_tell", note_more)
