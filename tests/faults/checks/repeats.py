"""What happened twice, and whether anything that was done to the platform explains it.

Mail and entries of streams are repeated after a crash: that is promised. Without one, once is once.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from email.message import EmailMessage
from itertools import pairwise
from typing import Final

from faststream.redis.message import bDATA_KEY

from shared.services import publishers, stream_of
from tests.faults.checks.expectations import Finding
from tests.faults.lab import Lab
from tests.faults.mail import delivery_of
from tests.faults.poison import MARKS

Disturbed = Sequence[tuple[float, str]]
"""When, and what: a process with what was done to it, or a kind of fault."""

Entry = tuple[bytes, dict[bytes, bytes]]
"""Its id, which begins with the milliseconds of its moment, and its fields."""

_AT_ONCE: Final = 5.0
"""Seconds within which a mail is never repeated, whatever ends: a claim lasts longer than that."""
EXPLAINED_SECONDS: Final = 15.0
"""A cause may lie so many seconds before the first of two."""
_BREAKS_CLAIMS: Final = ("close_mail_server", "jump_clocks", "fill_mail_disk", "SIGSTOP", "SIGCONT", "freeze_")
"""What makes a mail go again at once: no yes was heard, or the clock or the worker stood still meanwhile."""
_ORDERLY: Final = (
    "scale_out_and_in",
    "ask_worker_to_stop",
    "two_versions",
    "two_of_one_name",
    "kill_some_process",
    "kill_all_services",
)
"""Faults that explain nothing by themselves, but by the processes that they end, each of which is written down."""


def repeated_mails(mails: Iterable[EmailMessage], times: Iterable[float], disturbed: Disturbed) -> Iterator[Finding]:
    """Mails that arrived again though nothing had happened to their worker, or sooner than a claim allows."""
    arrived: dict[str, list[float]] = defaultdict(list)
    for mail, at in zip(mails, times, strict=False):
        arrived[delivery_of(mail)].append(at)
    for delivery, moments in arrived.items():
        for first, then in pairwise(moments):
            causes = between(disturbed, first, then, "notifications-worker")
            if then - first < _AT_ONCE:
                causes = [cause for cause in causes if any(word in cause for word in _BREAKS_CLAIMS)]
            if not causes:
                what = f"the mail of delivery {delivery} was sent again after {then - first:.1f} s"
                yield Finding("doubled", f"{what}, and nothing explains it")


async def repeated_entries(lab: Lab) -> list[Finding]:
    """Events that a relay put onto its stream again though nothing had happened to it."""
    found: list[Finding] = []
    for service in publishers():
        found += published_again(service, await lab.redis.xrange(stream_of(service)), lab.hands.disturbed)
    return found


def published_again(service: str, entries: Iterable[Entry], disturbed: Disturbed) -> Iterator[Finding]:
    """Of the entries of a stream, those of relays: events that are there twice, and nothing explains it."""
    entered: dict[str, list[float]] = defaultdict(list)
    for entry, fields in entries:
        if not MARKS & fields.keys() and bDATA_KEY in fields:
            entered[json.loads(fields[bDATA_KEY])["id"]].append(int(entry.partition(b"-")[0]) / 1000)
    for event, moments in entered.items():
        for first, then in pairwise(moments):
            if not between(disturbed, first, then, f"{service}-worker"):
                what = f"{service} published {event} again after {then - first:.1f} s"
                yield Finding("doubled", f"{what}, and nothing explains it")


def between(disturbed: Disturbed, first: float, then: float, process: str) -> list[str]:
    """What happened to `process`, or to anything that it needs."""
    here = [what for at, what in disturbed if first - EXPLAINED_SECONDS <= at <= then]
    return [what for what in here if process in what or not ("-" in what or what in _ORDERLY)]
