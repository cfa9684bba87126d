"""Runs a service's own module as its own process, with the named moments watched: `python -m tests.faults.process M`.

Nothing in the services knows of this. What a moment lies next to is wrapped here before the module runs.
"""

import os
import runpy
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import text

from shared import clock
from shared.events import Envelope
from shared.events.referral import ReferralState
from tests.faults.injection_points import Points
from tests.faults.newer_version import FIELD, NOTE

MIN_IDLE = timedelta(seconds=10)
"""Instead of the janitor's half minute, so that a short run sees it at work."""
CLAIM = timedelta(seconds=15)
"""Instead of the delivery queue's two minutes."""

RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (2, 4, 8, 8, 15, 15, 15))
"""Instead of what grows to twenty hours; as many attempts."""

FACTS_EVERY = timedelta(seconds=10)
"""Instead of two minutes between two looks at the facts of services."""

Async = Callable[..., Awaitable[Any]]
Passed = Callable[[str], None]


def main() -> None:
    """FAULTS names the folder of the rig, PROCESS this process, VARIANT perhaps a version of its code."""
    module = sys.argv[1]
    watch(module, Path(os.environ["FAULTS"]), os.environ["PROCESS"], os.environ.get("VARIANT"))
    sys.argv = [module]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


def watch(module: str, folder: Path, process: str, variant: str | None) -> None:
    """Prepare this interpreter for `module`. Raises AttributeError where the platform has not what is to be watched."""
    _inject_clock(folder / f"{process}.clock")  # before any module takes the function over by its name
    passed = partial(Points(folder).passed, process)
    if module.endswith(".main"):
        _watch_requests(passed)
    else:
        _watch_worker(passed)
    if module == "services.notifications.worker":
        _watch_mail(passed)
    if module == "services.referral.worker":
        _tell_facts_often()
    if variant == "newer":
        _read_more() if module.endswith(".worker") else _tell_more()


def _tell_facts_often() -> None:
    """Facts of services every few seconds, not by lot and once a day: or a run would see hardly any."""
    _replace(_module("services.referral.jobs.statistics_publisher"), "EVERY", FACTS_EVERY)
    publishing = _module("services.referral.use_cases.service_statistics")
    _replace(publishing, "looked_at", lambda _last, _today: False)
    _replace(publishing, "is_drawn", lambda _lot: True)


def _module(name: str) -> Any:
    """A module of the platform, to be changed: not before the clock has been."""
    return import_module(name)


def _replace(owner: Any, name: str, value: Any) -> None:
    """Put `value` in the place of what `owner` calls `name`; a name that it has no more is an error, not a new one."""
    getattr(owner, name)
    setattr(owner, name, value)


def _inject_clock(file: Path) -> None:
    real = clock.utc_now

    def utc_now() -> datetime:
        try:
            return real() + timedelta(seconds=float(file.read_text()))
        except (FileNotFoundError, ValueError):
            return real()

    _replace(clock, "utc_now", utc_now)


def _watch_requests(passed: Passed) -> None:
    """A request counts when it has written rows, or by a statement of its own."""
    transaction = _module("shared.database.transaction").Transaction
    execute, flush = transaction.execute, transaction.flush
    wrote: WeakSet[Any] = WeakSet()

    async def executing(tx: Any, statement: Any, parameters: Any = None) -> Any:
        if getattr(statement, "is_dml", False):
            wrote.add(tx)
        return await execute(tx, statement, parameters)

    async def flushing(tx: Any) -> None:
        if tx._writes:
            wrote.add(tx)
        await flush(tx)

    _replace(transaction, "execute", executing)
    _replace(transaction, "flush", flushing)
    _watch_commit(lambda tx: tx in wrote or bool(tx._writes), passed, "request")


def _watch_worker(passed: Passed) -> None:
    relay, reader = _module("shared.publishing.relay").Relay, _module("shared.consuming.stream_reader").StreamReader
    inbox, worker = _module("shared.consuming.inbox"), _module("shared.consuming.worker")
    _surround(relay, "_append", passed, before="relay before XADD")
    _surround(relay, "_mark", passed, before="relay after XADD, before mark", after="relay after mark")
    _surround(reader, "_acknowledge", passed, before="consumer before XACK", after="consumer after XACK")
    claim = inbox._claim
    claimed: WeakSet[Any] = WeakSet()

    async def marked_claim(tx: Any, *arguments: Any) -> Any:
        fresh = await claim(tx, *arguments)
        if fresh:
            claimed.add(tx)
        return fresh

    _replace(inbox, "_claim", marked_claim)
    _watch_commit(claimed.__contains__, passed, "consumer", "inbox commit")
    _replace(worker, "Janitor", partial(worker.Janitor, min_idle=MIN_IDLE))


def _watch_commit(counts: Callable[[Any], bool], passed: Passed, who: str, what: str = "commit") -> None:
    """The moments around the commit of each transaction that `counts`, while it is still open."""
    database = _module("shared.database.connections")
    commit = database._commit

    async def watched(tx: Any, held: Any) -> None:
        counted = counts(tx)
        if counted:
            passed(f"{who} before {what}")
        await commit(tx, held)
        if counted:
            passed(f"{who} after {what}")

    _replace(database, "_commit", watched)


def _watch_mail(passed: Passed) -> None:
    delivery_queue, smtp = (
        _module("services.notifications.jobs.delivery_queue"),
        _module("shared.mail.smtp"),
    )
    _replace(delivery_queue, "CLAIM", CLAIM)
    _replace(_module("services.notifications.domain.retries"), "RETRY_AFTER", RETRY_AFTER)
    _surround(smtp.SmtpMailer, "send", passed, before="mail before SMTP")
    _surround(delivery_queue.DeliveryQueue, "_write_success", passed, before="mail after SMTP accepted, before mark")


def _surround(owner: type, name: str, passed: Passed, *, before: str, after: str | None = None) -> None:
    """A moment before and perhaps one after the method `name`; calls with nothing in hand do not count."""
    method: Async = getattr(owner, name)

    async def wrapped(self: object, first: Any, *others: Any) -> Any:
        if first:
            passed(before)
        answer = await method(self, first, *others)
        if first and after is not None:
            passed(after)
        return answer

    setattr(owner, name, wrapped)


def _tell_more() -> None:
    """The next version of a publisher: its events carry fields that today's consumers have never heard of."""
    outbox = _module("shared.publishing.outbox")

    class Newer(Envelope):
        region: str | None = "north"

        def model_dump_json(self, **options: Any) -> str:
            told = self.model_copy(update={"data": {**self.data, FIELD: 100 + self.sequence}})
            return super(Newer, told).model_dump_json(**options)

    _replace(outbox, "Envelope", Newer)


def _read_more() -> None:
    """The next version of a consumer: beyond what it did so far, it notes the new field, where there is one."""
    consumers = _module("services.notifications.consumers")
    tell = consumers._tell

    class Newer(ReferralState):
        waiting_list: int | None = None

    async def tell_more(outbox: Any, tx: Any, event: Envelope) -> None:
        await tell(outbox, tx, event)
        inner = event.data.get("referral", {})
        state = Newer.model_validate({**inner, **event.data})
        await tx.execute(text(NOTE), {"event_id": event.id, "waiting": state.waiting_list})

    _replace(consumers, "_tell", tell_more)


if __name__ == "__main__":
    main()
