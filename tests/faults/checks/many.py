"""One answer to many referrals: what each of them was answered against what came of the request."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from tests.faults.checks.expectations import Finding
from tests.faults.lab import Lab
from tests.faults.ledger import Answers, Ledger

_TOLD: Final = (
    "SELECT told ->> 'correlationid' AS request, type, subject, (told ->> 'sequence')::int AS version "
    "FROM (SELECT type, subject, payload::jsonb AS told FROM outbox) log WHERE told ->> 'correlationid' = ANY ($1)"
)

Told = tuple[str, str, int]
"""The type of an event, the referral that it is about, and its version by it."""


async def check_many(lab: Lab, ledger: Ledger) -> list[Finding]:
    """Each that was answered with 200 made its event, once; none that was refused did, nor any other.

    Where a database was taken back events are gone by design, and nothing is compared.
    """
    given = [] if lab.rewinding or lab.rewound else list(ledger.answers)
    told: dict[str, list[Told]] = defaultdict(list)
    for row in await lab.books("referral", _TOLD, [each.correlation for each in given]):
        told[row["request"]].append((row["type"], row["subject"], row["version"]))
    return [finding for each in given for finding in judge_many(each, told[each.correlation])]


def judge_many(answers: Answers, told: list[Told]) -> Iterator[Finding]:
    """Compare what one request was answered with the events that carry its id."""
    what = f"{answers.event_type} among many"
    due = {(answers.event_type, *done) for done in answers.done}
    for _, referral, version in sorted(due - set(told)):
        yield Finding("lost", f"{what}: {referral} was answered as done in version {version}, and it is not kept")
    for event in sorted(set(told) - due):
        kind = "was refused" if event[1] in answers.refused else "was not answered so"
        yield Finding("wrong", f"{what}: {event[1]} {kind}, and all the same {event[0]} {event[2]} is kept")
    for event in sorted(due):
        if told.count(event) > 1:
            yield Finding("doubled", f"{what}: {event[1]} was answered once, and {told.count(event)} events say so")
