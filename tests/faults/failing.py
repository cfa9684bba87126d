"""A handler that fails for some events: for good, a few times, or once a fact that they waited for has come.

Which ones, their ids decide, so that processes and rig agree without a word.
"""

import asyncio
import contextlib
import dataclasses
import json
import time
from collections import Counter
from collections.abc import Sequence
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from shared.consuming import dead_letters
from shared.consuming.inbox import MissingDependency, decode
from shared.consuming.stream_reader import MAX_FAILURES
from shared.events import Envelope
from shared.services import streams
from tests.faults.checks.expectations import Finding
from tests.faults.lab import Lab
from tests.faults.patching import module_named, replace
from tests.faults.poison import MARK, REPLAYED

GROUP: Final = "notifications"
"""The service whose handler of referrals' events it is."""
_KINDS: Final = 12
_PATIENCE: Final = 180.0
_FOR_GOOD, _TWICE, _PARKED = range(3)
_FAILURES: Final = {_FOR_GOOD: 1_000_000, _TWICE: 2}
_brings_fact: Final = ContextVar("whether a fact has come, and what waited for it is dealt with", default=False)


class Trouble(Exception):
    """What the handler raises."""


def may_be_late(event_id: UUID, event_type: str) -> bool:
    """Whether nobody may wait for the handler to deal with this event soon."""
    return event_type.startswith("referral.") and event_id.int % _KINDS in (_FOR_GOOD, _TWICE)


def switch(lab: Lab, *, on: bool) -> None:
    """From now on the handler fails, or does not; what waits for a fact fails once in either case."""
    (lab.folder / "failing").touch() if on else (lab.folder / "failing").unlink(missing_ok=True)


def let_fail(folder: Path) -> None:
    """Let the handler of this process fail while it is switched on."""
    consumers = module_named("services.notifications.consumers")
    tell, arrived = consumers._tell, consumers.arrived
    noted = folder / "failed"

    def fail(event: Envelope) -> None:
        with noted.open("a") as file:
            file.write(f"{event.id}\n")
        raise Trouble

    def let_pass_or_fail(event: Envelope) -> None:
        kind = event.id.int % _KINDS
        before = noted.read_text().count(str(event.id)) if kind <= _PARKED and noted.exists() else 0
        if kind == _PARKED and not before:
            if not _brings_fact.get():
                raise MissingDependency(f"service:{event.data.get('referral', event.data)['service_id']}")
            fail(event)
        if before < _FAILURES.get(kind, 0) and (folder / "failing").exists():
            fail(event)

    async def failing(outbox: Any, tx: Any, events: Sequence[Envelope]) -> None:
        for event in events:
            let_pass_or_fail(event)
        await tell(outbox, tx, events)

    async def arriving(*arguments: Any) -> int:
        token = _brings_fact.set(True)
        try:
            return int(await arrived(*arguments))
        finally:
            _brings_fact.reset(token)

    replace(consumers, "_tell", failing)
    replace(consumers, "arrived", arriving)


def failures(lab: Lab) -> Counter[int]:
    """How often the handler has failed for events so far → for how many."""
    file = lab.folder / "failed"
    return Counter(Counter(file.read_text().split()).values()) if file.exists() else Counter()


async def give_up_failing(lab: Lab) -> list[str]:
    """Wait until some event has failed as often as any may, then fail no more; says so when that takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while not (died := await has_died(lab)) and time.monotonic() < deadline and not lab.found:
        await asyncio.sleep(0.5)
    switch(lab, on=False)
    return [] if died or lab.found else [f"no event failed {MAX_FAILURES} times within {_PATIENCE:.0f} s"]


async def has_died(lab: Lab) -> bool:
    """Whether an event has failed as often as any may. A try in a batch with others does not count."""
    with contextlib.suppress(Exception):  # the database is away
        return bool(await lab.query(GROUP, "SELECT 1 FROM failures WHERE failures >= $1", MAX_FAILURES))
    return False


def is_ours(fields: dict[bytes, bytes], group: str) -> bool:
    """Whether a dead letter of a group is of an event for which the handler fails for good, and no poison."""
    if MARK in fields:
        return False
    try:
        event = decode(fields.get(b"__data__"))
    except Exception:
        return False
    return group == GROUP and event.id.int % _KINDS == _FOR_GOOD and event.type.startswith("referral.")


async def replay(lab: Lab) -> int:
    """Give the dead letters of events that have failed too often to the handler once more, as an operator does."""
    count = 0
    for stream in streams():
        try:
            letters = await dead_letters.read_all(lab.redis, stream, GROUP)
        except Exception as error:
            raise TimeoutError(f"the dead letters of {stream} could not be read: {error!r}") from error
        for letter in letters:
            if not is_ours(letter.fields, GROUP):
                continue
            if letter.failures < MAX_FAILURES:
                event = json.loads(letter.fields[b"__data__"])["id"]
                lab.found.append(Finding("wrong", f"{event} is a dead letter after {letter.failures} failures"))
            marked = dataclasses.replace(letter, fields={**letter.fields, REPLAYED: b"by an operator"})
            await dead_letters.replay(lab.redis, stream, GROUP, marked)
            count += 1
    return count
