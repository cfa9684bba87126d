"""Writes docs/lifecycle.md: `python -m luotsi.docs_tools.lifecycle`.

The prose stands in `lifecycle.template`; tables and diagram are made from the lifecycle itself.
"""

from collections.abc import Iterable, Sequence
from pathlib import Path
from string import Template
from typing import Final

from services.notifications.texts import status_name
from services.referral.domain.deadlines import NEWS_WITHIN, START_WITHIN, TimerKind
from services.referral.domain.lifecycle import DISCLOSED, LIFECYCLE, OPEN, Carries, Outcome, Reason, Rule, Side, Status
from shared.events.catalog import EXPIRY_DAYS, RESPONSE_DAYS, URGENT_RESPONSE_DAYS

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"
_TEMPLATE: Final = Path(__file__).with_name("lifecycle.template")

_STATES: Final = {
    Status.DRAFT: "The source is still writing. Nobody else knows of it.",
    Status.REQUESTED: "Sent; the target has not answered.",
    Status.ACCEPTED: "The target takes the client, and from now on knows who it is.",
    Status.REJECTED: "The target declined.",
    Status.IN_PROGRESS: "The target is working with the client.",
    Status.ON_HOLD: "The target waits for something, and has said for what.",
    Status.COMPLETED: "The target is done and has said what became of it.",
    Status.FAILED: "The target could not do it, and has said why.",
    Status.CANCELLED: "One side called it off, the client took the consent back, or no answer came in time.",
    Status.ENTERED_IN_ERROR: "It should never have existed. It stays, so that the mistake can be seen.",
}

_REASONS: Final = {
    Reason.NO_CAPACITY: "no room for another client",
    Reason.NOT_ELIGIBLE: "the service is not meant for this client",
    Reason.OUTSIDE_AREA: "the client lives outside the area served",
    Reason.MISSING_INFORMATION: "too little is known to decide or to go on",
    Reason.LACK_OF_RESOURCES: "staff, money or premises are lacking",
    Reason.COULD_NOT_CONTACT: "the client was not reached",
    Reason.CLIENT_NOT_INTERESTED: "the client does not want it",
    Reason.CONSENT_WITHDRAWN: "the client took the consent back; set by `withdraw-consent` and by nothing else",
    Reason.OTHER: "something else, which the text says",
}

_OUTCOMES: Final = {
    Outcome.SERVICES_RECEIVED: "the client got the service",
    Outcome.ENROLLED: "the client was enrolled, on a course for example",
    Outcome.WAITLISTED: "the client is on a waiting list",
    Outcome.NOT_ENROLLED: "the client was not enrolled",
    Outcome.REFERRED_ELSEWHERE: "the client was shown to another service",
    Outcome.NO_SHOW: "the client did not come",
    Outcome.NEEDS_NOT_MET: "the client came, and the need remains",
}

_BODIES: Final = {
    Carries.NOTHING: "nothing",
    Carries.CHOICE: "perhaps what to do about a possible duplicate",
    Carries.REASON: "a reason",
    Carries.DECLINE: "a reason; perhaps a service that would fit better",
    Carries.OUTCOME: "an outcome",
    Carries.WITHDRAWAL: "who told of it, and when",
    Carries.FORWARD: "a service, a fresh legal basis",
}

_EXAMPLES: Final = {
    Carries.NOTHING: "no body, or `{}`",
    Carries.CHOICE: '`{"on_duplicate": "ask"}`, or as above, which goes on',
    Carries.REASON: '`{"reason": {"code": "could_not_contact", "text": "…"}}`',
    Carries.DECLINE: '`{"reason": {"code": "no_capacity"}, "suggested_service_id": "…"}`',
    Carries.OUTCOME: '`{"outcome": {"code": "enrolled", "text": "…"}}`',
    Carries.WITHDRAWAL: '`{"withdrawal": {"told_by": "client", "told_on": "2026-03-02"}}`',
    Carries.FORWARD: '`{"service_id": "…", "legal_basis": {…}}`; also `reason`, `shareable_note`, `urgency`',
}


def page() -> str:
    """The whole page, as it should stand in docs/lifecycle.md."""
    parts = {
        "states": _states(),
        "diagram": _diagram(),
        "commands": _commands(),
        "bodies": _table(("carries", "body"), ((_BODIES[each], _EXAMPLES[each]) for each in Carries)),
        "matrix": _matrix(),
        "clocks": _clocks(),
        "reasons": _table(("code", "means"), ((f"`{code}`", _REASONS[code]) for code in Reason)),
        "outcomes": _table(("code", "means"), ((f"`{code}`", _OUTCOMES[code]) for code in Outcome)),
    }
    template = Template(_TEMPLATE.read_text(encoding="utf-8"))
    return template.substitute({name: part.rstrip("\n") for name, part in parts.items()})


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _states() -> str:
    head = ("status", "suomeksi", "på svenska", "open", "target knows the client", "means")
    return _table(
        head,
        (
            (
                f"`{status}`",
                status_name(status, "fi"),
                status_name(status, "sv"),
                "yes" if status in OPEN else "no",
                "yes" if status in DISCLOSED else "no",
                _STATES[status],
            )
            for status in Status
        ),
    )


def _diagram() -> str:
    """A Mermaid state diagram of what is particular to a state; what holds for nearly all of them is told in words."""
    arrows = [
        (status, rule.to, command)
        for command, rule in LIFECYCLE.items()
        if rule.to is not None and rule.sources < OPEN
        for status in Status
        if status in rule.sources
    ]
    drawn = [status for status in Status if any(status in arrow for arrow in arrows)]
    name = {status: status.replace("-", "_") for status in drawn}
    lines = [
        *(f'state "{status}" as {name[status]}' for status in drawn if name[status] != status),
        f"[*] --> {Status.DRAFT}: create",
        *(f"{name[start]} --> {name[end]}: {command}" for start, end, command in arrows),
        *(f"{name[status]} --> [*]: close" for status in drawn if status in LIFECYCLE["close"].sources),
    ]
    return "\n".join(["```mermaid", "stateDiagram-v2", *(f"    {line}" for line in lines), "```", ""])


def _commands() -> str:
    head = ("command", "from", "to", "who", "carries", "sets", "event")
    return _table(head, (_command(command, rule) for command, rule in LIFECYCLE.items()))


def _command(command: str, rule: Rule) -> tuple[str, ...]:
    return (
        f"`{command}`",
        _sources(rule),
        f"`{rule.to}`" if rule.to else "stays",
        _who(rule),
        _BODIES[rule.carries],
        f"`{rule.stamps}`" if rule.stamps else "",
        f"`referral.{rule.event}.v1`",
    )


def _who(rule: Rule) -> str:
    sides = " or ".join(side for side in Side if side in rule.sides)
    return (sides or "the clock") + (" (a draft: source only)" if _shared(rule) else "")


def _shared(rule: Rule) -> bool:
    """Whether a rule of both sides also speaks of drafts, which the target never sees."""
    return len(rule.sides) > 1 and Status.DRAFT in rule.sources


def _sources(rule: Rule) -> str:
    if rule.sources == OPEN:
        return "any open state" + ("; an end, for what was passed on" if rule.for_below else "")
    if rule.sources == frozenset(Status) - {rule.to}:
        return "any other state"
    return ", ".join(f"`{status}`" for status in Status if status in rule.sources)


def _clocks() -> str:
    answer = f"{RESPONSE_DAYS} working days after sending, urgent {URGENT_RESPONSE_DAYS}, or as the service says"
    rows = {
        TimerKind.DUE_SOON: (
            "`requested`",
            "a working day before the answer is due; half a day where there is but one",
        ),
        TimerKind.OVERDUE: ("`requested`", answer),
        TimerKind.OVERDUE_AGAIN: (
            "`requested`",
            "as many working days later again, or half way to expiry if that is sooner",
        ),
        TimerKind.EXPIRE: ("`requested`", f"{EXPIRY_DAYS} working days after sending, or as the service says"),
        TimerKind.NOT_STARTED: ("`accepted`", f"{START_WITHIN} working days after accepting"),
        TimerKind.NO_NEWS: ("`accepted`, `in-progress`, `on-hold`", f"{NEWS_WITHIN} working days after the last news"),
    }
    events = {TimerKind.EXPIRE: "expired"}
    listed = ((f"`referral.{events.get(kind, kind)}.v1`", *rows[kind]) for kind in TimerKind)
    return _table(("event", "while", "when"), listed)


def _matrix() -> str:
    rows = ((f"`{command}`", *(_leads_to(rule, status) for status in Status)) for command, rule in LIFECYCLE.items())
    return _table(("", *Status), rows)


def _leads_to(rule: Rule, status: Status) -> str:
    """The state that follows, in brackets where the command works for the sake of what was passed on."""
    if status in rule.for_below:
        return f"({status})"
    return (rule.to or status) if status in rule.sources else ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
