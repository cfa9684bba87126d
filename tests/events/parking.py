"""A consumer whose events wait for a fact, and what it has parked."""

import asyncio
from uuid import UUID

from sqlalchemy import text

from shared.consuming.inbox import Consumer, MissingDependency, arrived
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.events.catalog import OrganizationState
from shared.ids import new_id
from shared.publishing.outbox import Outbox
from tests.builders import names
from tests.events.backbone import GROUP, STREAM, Backbone, Trouble, note

FACT = "catalog.service_changed.v1"
"""In these tests the event that brings the fact; an organisation's event waits for it."""
NEEDY = "catalog.organization_changed.v1"


class Needs:
    """A consumer whose one handler needs a fact that the other brings, and fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.looks = 0
        self.failures = failures
        self.outages = 0
        self.consumer = Consumer(GROUP, STREAM, {NEEDY: self.need, FACT: self.bring})
        self.seen, self.go_on = asyncio.Event(), asyncio.Event()
        self.go_on.set()

    async def need(self, tx: Transaction, event: Envelope) -> None:
        self.looks += 1
        known = (await tx.execute(text("SELECT count(*) FROM trial.ledger WHERE subject = 'the fact'"))).scalar_one()
        if not known:
            self.seen.set()
            await self.go_on.wait()
            raise MissingDependency("the fact")
        await note(tx, event)
        if self.outages:
            self.outages -= 1
            raise ConnectionError("the server is away")
        if self.failures:
            self.failures -= 1
            raise Trouble

    async def bring(self, tx: Transaction, event: Envelope) -> None:
        await note(tx, event.model_copy(update={"subject": "the fact"}))
        await arrived(tx, "the fact", self.consumer.handlers)


def event(backbone: Backbone, event_type: str = NEEDY) -> Envelope:
    """An event that came from the stream."""
    state = OrganizationState(id=new_id(), slug="kuopio", name=names("kuopio"), active=True)

    class Sink:
        epoch = 1

        def insert(self, *rows: object) -> None:
            """Nothing is to be published here."""

    envelope = Outbox("catalog").record(Sink(), NEEDY, state.id, 1, state)  # type: ignore[arg-type]
    return envelope.model_copy(update={"type": event_type})


async def parked(backbone: Backbone) -> int:
    return int(await backbone.scalar("SELECT count(*) FROM parked"))


async def ledger(backbone: Backbone) -> list[UUID]:
    return await backbone.noted()
