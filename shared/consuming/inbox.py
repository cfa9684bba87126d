"""The inbox: a consumer deals with an event once, because the same transaction notes the event and makes its effect."""

import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select

from shared import context, tracing
from shared.database.connections import Database
from shared.database.outages import is_outage
from shared.database.tables import ParkedRow
from shared.database.transaction import Transaction
from shared.events import Envelope
from shared.metrics import HANDLED, IGNORED

log = logging.getLogger(__name__)

Handler = Callable[[Transaction, Envelope], Awaitable[None]]

RETRY = "retry"
"""What a parked event waits for when its fact has come and its handler failed: the janitor."""

_CLAIM = text("""
INSERT INTO inbox (event_id, consumer) SELECT unnest(CAST(:events AS uuid[])), :consumer
ON CONFLICT DO NOTHING RETURNING event_id
""")


class Poison(Exception):
    """An entry that no handler can ever take: its body is not an event of the contract."""


class MissingDependency(Exception):
    """A handler needs a fact that has not arrived; `fact` names it, as in `member:<id>`.

    Whatever the handler wrote before stays written, and the handler is run again when the fact is there: it must
    find that its first run did no harm.
    """

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


@dataclass(frozen=True)
class BatchHandler:
    """A handler that is given the events that follow each other in a batch at once, to need few statements for them.

    It does for many what it would do for each of them in order, and sets the context of each (`context_of`) where it
    needs one. When it fails on several, or lacks a fact for one of them, each is given to it alone.
    """

    take: Callable[[Transaction, Sequence[Envelope]], Awaitable[None]]

    async def __call__(self, tx: Transaction, event: Envelope) -> None:
        """Take one event, as any handler does."""
        await self.take(tx, [event])


@dataclass(frozen=True)
class Consumer:
    """What one service does with the events of one stream: a handler per event type.

    A handler does all its work in the transaction it is given and sends nothing out of the process.
    `delay` is how many seconds pass between a batch that is not full and the reading of the next, which is the fuller
    for it.
    With an `advisory_lock`, each transaction waits for the lock of that name first, and holds it to its end.
    """

    group: str
    stream: str
    handlers: Mapping[str, Handler]
    delay: float = 0.0
    advisory_lock: str | None = None

    def handler_of(self, event: Envelope) -> Handler:
        """Who deals with an event. Raises KeyError for a type that nobody deals with."""
        return self.handlers[event.type]


def decode(raw: bytes | None) -> Envelope:
    """The event in a stream entry. Raises Poison."""
    if raw is None:
        raise Poison("the entry has no event field")
    try:
        return Envelope.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        raise Poison(f"{'.'.join(map(str, first['loc'])) or 'body'}: {first['msg']}") from None


async def handle(database: Database, consumer: Consumer, events: Sequence[Envelope]) -> int:
    """Deal with `events` in one transaction; returns how many were new. Raises what a handler raises.

    Types without a handler are passed over and not written down, so that a later version of the
    consumer can still be given them.
    """
    known = [event for event in events if event.type in consumer.handlers]
    if len(known) < len(events):
        IGNORED.labels(consumer.stream, consumer.group).inc(len(events) - len(known))
    if not known:
        return 0
    async with database.transaction() as tx:
        if consumer.advisory_lock is not None:
            await tx.advisory_lock(consumer.advisory_lock)
        fresh = await _claim(tx, consumer, known)
        for handler, run in groupby(fresh, consumer.handler_of):
            await _handle_run(tx, consumer, handler, list(run))
    HANDLED.labels(consumer.stream, consumer.group).inc(len(fresh))
    return len(fresh)


async def _handle_run(tx: Transaction, consumer: Consumer, handler: Handler, run: Sequence[Envelope]) -> None:
    if isinstance(handler, BatchHandler) and len(run) > 1:
        with ExitStack() as spans:
            traced = [spans.enter_context(_traced(consumer, event)) for event in run] if tracing.is_on() else run
            return await handler.take(tx, traced)
    for event in run:
        await handle_one(tx, consumer, event)


async def _claim(tx: Transaction, consumer: Consumer, events: Sequence[Envelope]) -> list[Envelope]:
    """Write the events into the inbox; returns those that were not there, each once, in order.

    Rows go in by event id, so that two workers with the same events never wait for each other in a circle.
    """
    first = dict[UUID, Envelope]()
    for event in events:
        first.setdefault(event.id, event)
    claimed = await tx.execute(_CLAIM, {"events": sorted(first), "consumer": consumer.group})
    new = set(claimed.scalars())
    return [event for event in first.values() if event.id in new]


async def handle_one(tx: Transaction, consumer: Consumer, event: Envelope) -> None:
    """Give one event to its handler, under its own context; park it when it needs a fact that is not there."""
    locked: set[str] = set()
    with _traced(consumer, event) as followed, context.using(context_of(followed)):
        while True:
            try:
                return await consumer.handlers[event.type](tx, followed)
            except ValidationError as error:
                fault = f"data of {event.type}: {error.error_count()} fields do not fit the contract"
                raise Poison(fault) from None
            except MissingDependency as missing:
                if missing.fact in locked:
                    return await _park(tx, event, missing.fact)
                # `arrived` takes this lock too. If it had the lock first, the fact is there at the second try;
                # if it gets the lock after this transaction, it finds the parked event.
                await tx.advisory_lock(missing.fact)
                locked.add(missing.fact)


def context_of(event: Envelope) -> context.Context:
    """The context of what follows from an event."""
    return context.following(event.correlationid, event.traceparent, event.tracestate, event.actor)


@contextmanager
def _traced(consumer: Consumer, event: Envelope) -> Iterator[Envelope]:
    """A span around what is done with an event; gives the event as if the span had sent it, for what follows."""
    about = {
        "messaging.system": "redis",
        "messaging.destination.name": consumer.stream,
        "luotsi.service": consumer.group,
    }
    with tracing.span("consumer", f"process {event.type}", context_of(event), about) as span:
        if span.traceparent is None:
            yield event
        else:
            yield event.model_copy(update={"traceparent": span.traceparent, "tracestate": span.tracestate})


async def _park(tx: Transaction, event: Envelope, fact: str) -> None:
    row = {"event_id": event.id, "waits_for": fact, "payload": event.model_dump_json()}
    await tx.execute(insert(ParkedRow).values(**row).on_conflict_do_nothing())
    log.info("event %s waits for %s", event.id, fact)


async def arrived(tx: Transaction, fact: str, handlers: Mapping[str, Handler]) -> int:
    """A fact has come: deal with the events that waited for it, oldest first; returns how many there were.

    One that fails is no fault of the event that brought the fact: it is left to the janitor.
    """
    await tx.advisory_lock(fact)
    query = select(ParkedRow.event_id, ParkedRow.payload).where(ParkedRow.waits_for == fact)
    waiting = await tx.tuples(query.order_by(col(ParkedRow.event_id)))
    for event_id, payload in waiting:
        this_one = col(ParkedRow.event_id) == event_id
        try:
            async with tx.savepoint():
                await tx.execute(delete(ParkedRow).where(this_one))
                await handle_one(tx, Consumer("", "", handlers), Envelope.model_validate_json(payload))
        except Exception as error:
            if is_outage(error):
                raise
            log.error("event %s waited for %s and failed: %s", event_id, fact, type(error).__name__, exc_info=error)
            await tx.execute(update(ParkedRow).where(this_one).values(waits_for=RETRY))
    return len(waiting)
