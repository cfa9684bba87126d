"""Runs a service's own module as its own process, with the named moments watched: `python -m tests.faults.process M`.

Nothing in the services knows of this. What a moment lies next to is wrapped here before the module runs.
"""

import os
import runpy
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from weakref import WeakSet

from sqlalchemy import true

from shared import clock
from tests.faults.failing import let_fail
from tests.faults.injection_points import Points
from tests.faults.newer_version import read_more, tell_more
from tests.faults.patching import module_named, replace

MIN_IDLE = timedelta(seconds=10)
"""Instead of the janitor's half minute, so that a short run sees it at work."""
CLAIM = timedelta(seconds=15)
"""Instead of the delivery queue's two minutes."""

RETRY_AFTER = tuple(timedelta(seconds=seconds) for seconds in (2, 3, 4, 6, 8, 8, 8))
"""Instead of what grows to twenty hours; as many attempts."""

TRIM_EVERY = 15.0
"""Seconds, instead of a minute, between two looks for what may go from a stream: that commit waits for the disk."""

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
        read_more() if module.endswith(".worker") else tell_more()
    if module == "services.notifications.worker":
        let_fail(folder)  # around whatever version it is


def _tell_facts_often() -> None:
    """Facts of services every few seconds, not by lot and once a day: or a run would see hardly any."""
    replace(module_named("services.referral.jobs.statistics_publisher"), "EVERY", FACTS_EVERY)
    replace(module_named("services.referral.queries.service_statistics"), "unseen", lambda _today: true())
    publishing = module_named("services.referral.use_cases.service_statistics")
    replace(publishing, "looked_at", lambda _last, _today: False)
    replace(publishing, "is_drawn", lambda _lot: True)


def _inject_clock(file: Path) -> None:
    real = clock.utc_now

    def utc_now() -> datetime:
        try:
            return real() + timedelta(seconds=float(file.read_text()))
        except (FileNotFoundError, ValueError):
            return real()

    replace(clock, "utc_now", utc_now)


def _watch_requests(passed: Passed) -> None:
    """A request counts when it has written rows, or by a statement of its own."""
    transaction = module_named("shared.database.transaction").Transaction
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

    insert_if_new = transaction.insert_if_new
    claimed: WeakSet[Any] = WeakSet()

    async def claiming(tx: Any, row: Any, *others: Any, **named: Any) -> bool:
        if type(row).__name__ == "IdempotencyKey":
            claimed.add(tx)
        return bool(await insert_if_new(tx, row, *others, **named))

    replace(transaction, "insert_if_new", claiming)
    replace(transaction, "execute", executing)
    replace(transaction, "flush", flushing)
    _watch_commit(lambda tx: tx in wrote or bool(tx._writes), passed, "request")
    _watch_commit(claimed.__contains__, passed, "creation")


def _watch_worker(passed: Passed) -> None:
    relay, reader = (
        module_named("shared.publishing.relay").Relay,
        module_named("shared.consuming.stream_reader").StreamReader,
    )
    inbox, worker = module_named("shared.consuming.inbox"), module_named("shared.consuming.worker")
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

    replace(inbox, "_claim", marked_claim)
    _watch_commit(claimed.__contains__, passed, "consumer", "inbox commit")
    replace(module_named("shared.publishing.relay"), "_TRIM_EVERY_SECONDS", TRIM_EVERY)
    replace(worker, "Janitor", partial(worker.Janitor, min_idle=MIN_IDLE))


def _watch_commit(counts: Callable[[Any], bool], passed: Passed, who: str, what: str = "commit") -> None:
    """The moments around the commit of each transaction that `counts`: right before, and once the server has it."""
    database = module_named("shared.database.connections")
    commit = database._commit

    async def watched(tx: Any, held: Any) -> None:
        if counts(tx):
            passed(f"{who} before {what}")
            held = _Committing(held, lambda: passed(f"{who} after {what}"))
        await commit(tx, held)

    replace(database, "_commit", watched)


@dataclass(frozen=True)
class _Committing:
    """A connection of which it is noted at once that it has committed, not when whoever asked for that is done."""

    held: Any
    committed: Callable[[], None]

    async def commit(self) -> None:
        await self.held.commit()
        self.committed()


def _watch_mail(passed: Passed) -> None:
    delivery_queue, smtp = (
        module_named("services.notifications.jobs.delivery_queue"),
        module_named("shared.mail.smtp"),
    )
    replace(delivery_queue, "CLAIM", CLAIM)
    replace(module_named("services.notifications.domain.retries"), "RETRY_AFTER", RETRY_AFTER)
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


if __name__ == "__main__":
    main()
