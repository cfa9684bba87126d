"""Faults on the streams: copies of old entries, entries ahead of their order, and what is no event at all."""

import asyncio
import json
import random
import signal
from typing import Any
from uuid import uuid4

from faststream.redis.message import DATA_KEY

from shared.services import dead_stream, groups_of, publishers, stream_of, streams
from tests.faults.checks.expectations import CONSUMERS
from tests.faults.failing import is_ours
from tests.faults.lab import Lab
from tests.faults.poison import COPIED, MARK


async def send_copies(lab: Lab, lot: random.Random) -> None:
    """Old entries once more, in any order."""
    for stream in streams():
        entries = await lab.redis.xrevrange(stream, count=300)
        for _, fields in lot.sample(entries, min(len(entries), 80)):
            if MARK not in fields:
                await lab.redis.xadd(stream, {**fields, COPIED: b"1"})


async def reverse_order(lab: Lab, lot: random.Random) -> None:
    """The newest first: while no relay works, what it would publish is put on the stream backwards."""
    service = lot.choice(("catalog", "referral"))
    lab.hands.signal(f"{service}-worker", signal.SIGSTOP)
    try:
        await asyncio.sleep(3)
        rows = await lab.query(service, "SELECT payload FROM outbox WHERE published_at IS NULL ORDER BY id DESC")
        for row in rows:
            await lab.redis.xadd(stream_of(service), {DATA_KEY: row["payload"], COPIED: b"1"})
        await asyncio.sleep(1)
    finally:
        lab.hands.signal(f"{service}-worker", signal.SIGCONT)


async def poison(lab: Lab, lot: random.Random) -> None:
    """Entries that are no events: a body that is none, no body, fields of a newer envelope, wrong data."""
    for stream in streams():
        for fields, groups in _no_events(stream):
            mark = uuid4().hex
            lab.poison.groups[mark] = groups
            await lab.redis.xadd(stream, {**fields, MARK: mark.encode()})
            lab.poison.injected[mark] = stream
        await lab.redis.xadd(stream, {DATA_KEY: json.dumps(made_up("weather.changed.v7", {"rain": True}))})


def _no_events(stream: str) -> list[tuple[dict[bytes, bytes], tuple[str, ...]]]:
    """Entries, and the groups for which they are poison: wrong data is nothing to whoever passes over its type."""
    data_key = DATA_KEY.encode()
    known = {"catalog.events": "catalog.member_changed.v1", "referral.events": "referral.sent.v1"}
    event_type = known.get(stream, "notification.delivered.v1")
    newer = made_up(event_type, {}) | {"specversion": "2.0"}
    owner = next(service for service in publishers() if stream_of(service) == stream)
    concerned = tuple(group for group in groups_of(stream) if event_type in CONSUMERS[owner][group])
    for_all = [
        {data_key: b"{"},
        {data_key: b"\xff\x00\x80"},
        {b"something": b"else"},
        {data_key: json.dumps(newer).encode()},
    ]
    wrong_data = {data_key: json.dumps(made_up(event_type, {"id": "nobody"})).encode()}
    return [*((fields, groups_of(stream)) for fields in for_all), (wrong_data, concerned)]


def made_up(event_type: str, data: dict[str, Any]) -> dict[str, Any]:
    """An envelope that nobody has recorded."""
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "source": "urn:luotsi:somebody",
        "type": event_type,
        "time": "2026-03-01T12:00:00+00:00",
        "subject": str(uuid4()),
        "dataschema": "urn:luotsi:event:any",
        "datacontenttype": "application/json",
        "sequence": 1,
        "epoch": 1,
        "actor": "system",
        "correlationid": "rig",
        "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "data": data,
    }


async def collect_dead(lab: Lab) -> None:
    """Write down which dead letters there are."""
    for stream in streams():
        groups = groups_of(stream)
        for group in groups:
            for _, fields in await lab.redis.xrange(dead_stream(stream, group)):
                mark = fields.get(MARK, b"").decode()
                if lab.poison.injected.get(mark) == stream:
                    lab.poison.dead.add((mark, group))
                elif not is_ours(fields, group):
                    lab.poison.strangers.append(f"{stream} of {group}: {fields}")


async def before_wiping(lab: Lab) -> None:
    """The dead letters go with the server's memory, and poison that nobody has met yet: both is remembered here."""
    await collect_dead(lab)
    lab.poison.may_be_gone |= set(lab.poison.injected)
