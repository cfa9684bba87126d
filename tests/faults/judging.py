"""The end of a run: all comes to rest, and the books are checked."""

import asyncio
import time
from collections.abc import Callable, Iterator

from tests.faults.accounts import Accounts
from tests.faults.checks.copies import check_copies
from tests.faults.checks.dead_letters import check_dead_letters
from tests.faults.checks.erased import check_erased
from tests.faults.checks.expectations import Finding
from tests.faults.checks.given_up import check_given_up, refused_again
from tests.faults.checks.heard import check_heard
from tests.faults.checks.logs import check_inboxes, check_promises, check_timelines, check_versions
from tests.faults.checks.many import check_many
from tests.faults.checks.notices import check_deliveries, check_mail, check_notices
from tests.faults.checks.readers import check_read_timelines
from tests.faults.checks.remade import check_remade
from tests.faults.checks.repeats import repeated_mails
from tests.faults.checks.rewound import check_rewound, without_what_is_gone
from tests.faults.checks.snapshot import Backlog, Snapshot, backlog, take_snapshot
from tests.faults.checks.versions import check_newer_consumer, shares
from tests.faults.checks.watch import Watch
from tests.faults.failing import failures
from tests.faults.fault_injectors.disks import collect_filed
from tests.faults.fault_injectors.entries import collect_dead
from tests.faults.fault_injectors.states import forget_strangers
from tests.faults.lab import Lab
from tests.faults.ledger import Ledger
from tests.faults.mail import delivery_of
from tests.faults.outcome import Outcome
from tests.faults.sabotage import overlooked, sabotage
from tests.faults.schedule import Course

REST_SECONDS = 240.0
"""How long all may take to come to rest after the last fault."""
PARKED_SECONDS = 90.0
"""How long parked events may wait when nothing else is under way: each is tried again after a few seconds."""


def broken(lab: Lab, ledger: Ledger, course: Course, watch: Watch) -> Outcome:
    """The end, at once, of a run in which the watch has found something, or whose books cannot be read."""
    given_up = [Finding("stuck", what) for what in ledger.given_up]
    return Outcome(
        course, ledger, lab.points.hits(), list(dict.fromkeys([*watch.findings, *lab.found, *given_up])), watch
    )


async def judge(
    lab: Lab,
    ledger: Ledger,
    accounts: Accounts,
    course: Course,
    watch: Watch,
    *,
    lies: Callable[[str], None] | None = None,
) -> Outcome:
    """All is at rest, or has had its time: look at everything. With `lies`, plant some first, and say which."""
    begun = time.monotonic()
    left = await come_to_rest(lab, 0 if course.restless else REST_SECONDS)
    rest = time.monotonic() - begun
    findings = [Finding("stuck", f"{count} {name}") for name, count in (left.waiting if left else {}).items() if count]
    told: dict[str, str] = {}
    if lies:
        told = await sabotage(lab, ledger)
        lies(f"planted: {', '.join(told)}")
        findings += await watch.look()
    await forget_strangers(lab)
    await collect_dead(lab)
    collect_filed(lab)
    seen = await take_snapshot(lab)
    findings += [*lab.found, *_all_findings(seen, lab, ledger)]
    findings += repeated_mails(lab.mail.taken, lab.mail.taken_at, lab.hands.disturbed)
    findings += await check_erased(lab, ledger.erased)
    findings += await check_many(lab, ledger)
    findings += await check_heard(lab, watch.listeners)
    findings += refused_again(lab.mail, lab.hands.disturbed)
    findings += [finding async for finding in check_read_timelines(seen, accounts)]
    figures = _figures(seen, lab, ledger, watch)
    outcome = Outcome(course, ledger, lab.points.hits(), findings, watch, rest, figures=figures)
    if told:
        outcome.overlooked = overlooked(told, findings)
    return outcome


def _figures(seen: Snapshot, lab: Lab, ledger: Ledger, watch: Watch) -> dict[str, int]:
    """How much of what there was."""
    figures = {f"events of {service}": len(log) for service, log in seen.logs.items()}
    figures["notices"] = len(seen.tables["notifications"]["notices"])
    figures["clients erased"] = len(ledger.erased)
    figures["requests for many"] = len(ledger.answers)
    figures["answered by them"] = sum(len(each.done) for each in ledger.answers)
    figures["refused by them"] = sum(len(each.refused) for each in ledger.answers)
    figures["notices heard on streams"] = sum(len(listener.heard) for listener in watch.listeners)
    figures["streams opened"] = sum(listener.opened for listener in watch.listeners)
    figures["mails"] = len(lab.mail.taken)
    figures["mails refused for good"] = len(lab.mail.refused) + len(lab.mail.turned_away)
    figures["mails put off for good"] = len(lab.mail.put_off)
    figures["mails as files"] = len(lab.filed)
    figures["poison entries"] = len(lab.poison.injected)
    figures["events whose handler failed"] = sum(failures(lab).values())
    figures["process starts"] = lab.hands.starts
    for rewound in lab.rewound:
        figures[f"events of {rewound.service} lost on purpose"] = len(rewound.gone)
    return figures | shares(seen)


async def come_to_rest(lab: Lab, seconds: float = REST_SECONDS, but: str = "") -> Backlog | None:
    """Wait until nothing is under way `but` what begins so; returns what still is when that takes too long."""
    deadline, busy_at = time.monotonic() + seconds, time.monotonic()
    found = Backlog({"servers away": 1})
    while True:
        try:
            found = await backlog(lab)
        except Exception as error:
            found = Backlog({f"servers away: {type(error).__name__}": 1})
        if found.quiet(but):
            return None
        if not found.quiet("parked"):
            busy_at = time.monotonic()
        if time.monotonic() > min(deadline, busy_at + PARKED_SECONDS):
            return found
        await asyncio.sleep(0.3)


def _all_findings(seen: Snapshot, lab: Lab, ledger: Ledger) -> Iterator[Finding]:
    if lab.rewound and not any(rewound.gone for rewound in lab.rewound):
        yield Finding("wrong", "nothing was lost, so that nothing was tried")
    for rewound in lab.rewound:
        yield from check_rewound(rewound, seen)
        ledger = without_what_is_gone(ledger, rewound, seen)
    yield from check_promises(seen, ledger)
    yield from check_versions(seen)
    yield from check_inboxes(seen)
    yield from check_timelines(seen)
    yield from check_notices(seen)
    yield from check_deliveries(seen, lab.remade.held_back)
    gone = {delivery for rewound in lab.rewound for delivery in rewound.deliveries_gone}
    kept = [mail for mail in lab.mail.taken if delivery_of(mail) not in gone]
    yield from check_mail(seen, kept, lab.filed, known_as_sent=lab.remade.formers)
    yield from check_remade(lab.remade, seen, {delivery_of(mail) for mail in lab.mail.taken})
    yield from check_given_up(seen, lab.mail, {*lab.filed, *lab.remade.formers})
    yield from check_newer_consumer(seen)
    yield from check_copies(seen)
    yield from check_dead_letters(lab.poison)
