"""The inbox: a consumer deals with an event once, because it writes that down with the effect."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from pydantic import ValidationError
from sqlalchemy import delete, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from shared import context
from shared.database.connections import Database, run_plainly
from shared.database.outages import is_outage
from shared.database.tables import ParkedRow
from shared.events import Envelope
from shared.metrics import HANDLED, IGNORED

log = logging.getLogger(__name__)

Handler = Callable[[AsyncSession, Envelope], Awaitable[None]]

RETRY = "retry"
"""What a parked event waits for when its fact has come and its handler failed: the janitor."""

_CLAIM = """
INSERT INTO inbox (event_id, consumer) SELECT unnest($1::uuid[]), $2 ON CONFLICT DO NOTHING RETURNING event_id
"""
_CLAIM_IN_TURN = """
WITH turn AS MATERIALIZED (SELECT pg_advisory_xact_lock(hashtextextended($3, 0)))
INSERT INTO inbox (event_id, consumer) SELECT unnest($1::uuid[]), $2 FROM turn ON CONFLICT DO NOTHING RETURNING event_id
"""
_TAKE_TURN = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))"
_LOCK_FACT = text("SELECT pg_advisory_xact_lock(hashtextextended(:fact, 0))")


class Poison(Exception):
    """An entry that no handler can ever take: its body is not an event of the contract."""


class MissingDependency(Exception):
    """A handler needs a fact that has not arrived; `fact` names it, as in `member:<id>`.

    Whatever the handler wrote before stays written, and the handler is run again when the fact is there: it must
    find its own doing harmless.
    """

    def __init__(self, fact: str) -> None:
        super().__init__(fact)
        self.fact = fact


@dataclass(frozen=True)
class BatchHandler:
    """A handler that takes what follows each other of its events at once, in as few statements as it can.

    For what only overwrites copies: it does for many what it would do for each in turn, records no event of its own,
    and depends on no context. When it fails on several, each is brought to it alone.
    """

    take: Callable[[AsyncSession, Sequence[Envelope]], Awaitable[None]]

    async def __call__(self, session: AsyncSession, event: Envelope) -> None:
        """Take one event, as any handler does."""
        await self.take(session, [event])


@dataclass(frozen=True)
class Consumer:
    """What one service does with the events of one stream: a handler per event type.

    A handler does all its work in the session it is given and sends nothing out of the process.
    `rest` is how many seconds pass between a batch and the reading of the next, which is the fuller for it.
    With a `turn`, each transaction begins with `take_turn` of that name.
    """

    group: str
    stream: str
    handlers: Mapping[str, Handler]
    rest: float = 0.0
    turn: str | None = None

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
    async with database.transaction() as session:
        fresh = await _claim(session, consumer, known)
        for handler, run in groupby(fresh, consumer.handler_of):
            await _handle_run(session, consumer, handler, list(run))
    HANDLED.labels(consumer.stream, consumer.group).inc(len(fresh))
    return len(fresh)


async def _handle_run(session: AsyncSession, consumer: Consumer, handler: Handler, run: Sequence[Envelope]) -> None:
    if isinstance(handler, BatchHandler) and len(run) > 1:
        return await handler.take(session, run)
    for event in run:
        await handle_one(session, consumer, event)


async def take_turn(session: AsyncSession, turn: str) -> None:
    """Wait until no other transaction has this turn. It is held until the commit, so it is asked for but once."""
    if session.info.get("turn") != turn:
        await run_plainly(session, _TAKE_TURN, turn)
        session.info["turn"] = turn


async def _claim(session: AsyncSession, consumer: Consumer, events: Sequence[Envelope]) -> list[Envelope]:
    """Write the events into the inbox; returns those that were not there, each once, in order.

    Rows go in by event id, so that two workers with the same events never wait for each other in a ring.
    """
    by_id = {event.id: event for event in reversed(events)}
    if consumer.turn is None:
        rows = await run_plainly(session, _CLAIM, sorted(by_id), consumer.group)
    else:  # one question less than with `take_turn`, and nothing is locked before it
        rows = await run_plainly(session, _CLAIM_IN_TURN, sorted(by_id), consumer.group, consumer.turn)
        session.info["turn"] = consumer.turn
    new = {row["event_id"] for row in rows}
    return [event for event in events if event.id in new and by_id[event.id] is event]


async def handle_one(session: AsyncSession, consumer: Consumer, event: Envelope) -> None:
    """Give one event to its handler, under its own context; park it when it needs a fact that is not there."""
    origin = context.Context(event.correlationid, event.traceparent, event.actor)
    locked: set[str] = set()
    with context.using(origin):
        while True:
            try:
                return await consumer.handlers[event.type](session, event)
            except ValidationError as error:
                fault = f"data of {event.type}: {error.error_count()} fields do not fit the contract"
                raise Poison(fault) from None
            except MissingDependency as missing:
                if missing.fact in locked:
                    return await _park(session, event, missing.fact)
                # `arrived` takes this lock too. Whoever has it first: a fact that comes in this very moment
                # is seen by the second look, or it will find the parked event.
                await session.execute(_LOCK_FACT, {"fact": missing.fact})
                locked.add(missing.fact)


async def _park(session: AsyncSession, event: Envelope, fact: str) -> None:
    row = {"event_id": event.id, "waits_for": fact, "payload": event.model_dump_json()}
    await session.execute(insert(ParkedRow).values(**row).on_conflict_do_nothing())
    log.info("event %s waits for %s", event.id, fact)


async def arrived(session: AsyncSession, fact: str, handlers: Mapping[str, Handler]) -> int:
    """A fact has come: deal with the events that waited for it, oldest first; returns how many there were.

    One that fails does not blame whoever brought the fact: it is left to the janitor.
    """
    await session.execute(_LOCK_FACT, {"fact": fact})
    query = select(ParkedRow.event_id, ParkedRow.payload).where(ParkedRow.waits_for == fact)
    waiting = (await session.exec(query.order_by(col(ParkedRow.event_id)))).all()
    for event_id, payload in waiting:
        this_one = col(ParkedRow.event_id) == event_id
        try:
            async with session.begin_nested():
                await session.execute(delete(ParkedRow).where(this_one))
                await handle_one(session, Consumer("", "", handlers), Envelope.model_validate_json(payload))
        except Exception as error:
            if is_outage(error):
                raise
            log.error("event %s waited for %s and failed: %s", event_id, fact, type(error).__name__, exc_info=error)
            await session.execute(update(ParkedRow).where(this_one).values(waits_for=RETRY))
    return len(waiting)
