"""Writes docs/lifecycle.md from the lifecycle itself: `python -m luotsi.docs_tools.lifecycle`."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from services.notifications.texts import status_name
from services.referral.domain.deadlines import NEWS_WITHIN, START_WITHIN, TimerKind
from services.referral.domain.lifecycle import DISCLOSED, LIFECYCLE, OPEN, Carries, Outcome, Reason, Rule, Side, Status
from shared.events.catalog import EXPIRY_DAYS, RESPONSE_DAYS, URGENT_RESPONSE_DAYS

PAGE: Final = Path(__file__).resolve().parents[2] / "docs" / "lifecycle.md"

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

_HEAD: Final = """\
# The life of a referral

<!-- Written by `make docs` from services/referral/domain/lifecycle.py: change that, not this page. -->

A referral goes from its **source**, the organisation that refers a client, to its **target**, the organisation whose
service is asked for. States are the status codes of an HL7 FHIR R4 Task. What may happen stands in one table in
`services/referral/domain/lifecycle.py`; the HTTP routes, the tests and this page are made from it.
"""

_ARROWS_LEFT_OUT: Final = """\
Left out, since they would start nearly everywhere: from any open state either side can `cancel` (a draft only its
source) and the source can `withdraw-consent`; both lead to `cancelled`, which is closed like the other ends. From any
state the source can `mark-error`, which leads to `entered-in-error` and no further.
"""

_COMMANDS_HEAD: Final = """\
A command is `POST /referrals/{id}/{command}` with `If-Match`. Before the first of them comes `POST /referrals`,
which creates a draft and sends it unless told not to, and `PATCH /referrals/{id}`, which edits a draft; both are the
source's. A command that the state does not allow is answered 409 and changes nothing; one that belongs to the other
side is answered 403. On the source's side a command takes the role `adviser`, on the target's side `recipient`.
What the clock does is no command that anybody could give, and has no route.
"""

_RULES: Final = """\
## Rules beside the table

- **Sending** takes a reason and a legal basis for this recipient, a service that is active in an active organisation
  other than the sender's own, and somebody at the target who receives referrals.
- **A possible duplicate** is told when a referral is created or sent: the same client has an open referral of the same
  organisation to the same service, or was refused there within 90 days. With `"on_duplicate": "ask"` nothing is created
  or sent then; otherwise it is, and the answer says so.
- **Declining** takes a text only with the code `other`. With every other code the code says enough, and the target
  does not know the client yet.
- **Following a suggestion** (`POST /referrals/{id}/send-suggested`) sends the same client to the suggested service with
  a fresh legal basis, and closes the declined referral in the same step. Only the source sees that the two belong
  together.
- **Withdrawing a consent** needs a referral that rests on one. What rests on a statute is cancelled instead. What was
  passed on from it, and on from there, ends with it as far as it is open and rests on consent itself.
  `GET /referrals/{id}/withdrawal` says beforehand what that is, and who has seen the client by then.
- **Forwarding** answers 201 with the child: a referral by this target to a third organisation, about the same client,
  sent at once. The referral that was passed on stays as it is, with a higher version. An organisation has one place on
  the way from the first referral to the last, and five in a row is the most there can be. How a child ends stands in
  the timeline above it; `complete`, with the outcome `referred_elsewhere` perhaps, stays for the target to say.
- **Closing** is how the source says that it has seen the end. It sets `closed_at` and leaves the status as it is. What
  was never sent needs no closing.
- **The first look** by the target sets `first_viewed_at` and raises the version. It is no command: reading does it.
- **The first look at the answer** by the source sets `answer_seen_at` in the same way, once the target has completed,
  failed, declined or cancelled, or the clock has. Until then the referral has `attention: answer_unseen`, and after it,
  until it is closed, `not_closed`; both keep it open for everybody who sees it, the coordinator included.
- **Messages** may be written from sending until closing. Each side says up to which message it has read; the other
  sees when. Neither raises the version.
- **Many at once** (`POST /referrals/bulk`) are accepted or declined one by one: each has a result of its own.
- **Somebody who goes away** hands over in one step (`POST /handover`): what they are the adviser of and what is
  assigned to them goes to their deputy or a colleague whom they name, and who has the roles for it.
- **Somebody who leaves** hands over (`referral.handed_over.v1`): what still needs somebody goes to the deputy. Without
  one it stays where it is, and the organisation's advisers, who all see it, are told.

## Clocks

Working days are Monday to Friday without Finnish public holidays, Christmas Eve, Midsummer Eve and the days on which
the target is closed ([why](decisions/0015-working-days.md)). A service may have days of its own; those that hold when a
referral is sent hold for it until the end. They are told before sending, by `POST /referrals/check` and in a draft's
`before_sending`, and then stand as `respond_by` in the referral.

"""
_CLOCKS_TAIL: Final = """\
- **A reminder** changes nothing about the referral and raises no version. It goes to the desk and the assigned member.
- **Each is told once.** A timer that rings late, because the platform was down, tells what is still true: of two
  reminders that are both due by then, only the later one.
- **A closure** that is entered or taken away moves what has not rung yet, and `respond_by` with it. That raises no
  version either.
- **An expired referral** is `cancelled` with the business status `expired`. The target has not learnt who the client
  is. The source is told, and finds in `next_best_services` up to three other services that could take the client: for
  one of the same target groups or for everyone, open today, with a desk and with room.
- **News** is whatever a person did to the referral, or wrote about it. After news the clock of silence begins anew.
"""


def page() -> str:
    """The whole page, as it should stand in docs/lifecycle.md."""
    parts = [
        _HEAD,
        "## States\n",
        _states(),
        "## From state to state\n",
        _diagram(),
        _ARROWS_LEFT_OUT,
        "## Commands\n",
        _COMMANDS_HEAD,
        _commands(),
        "What a command carries, as JSON:\n",
        _table(("carries", "body"), ((_BODIES[each], _EXAMPLES[each]) for each in Carries)),
        "## Every command in every state\n",
        "The cell names the state that follows; an empty cell is a 409.\n",
        _matrix(),
        _RULES,
        _clocks(),
        _CLOCKS_TAIL,
        "## Reasons\n",
        _table(("code", "means"), ((f"`{code}`", _REASONS[code]) for code in Reason)),
        "## Outcomes\n",
        _table(("code", "means"), ((f"`{code}`", _OUTCOMES[code]) for code in Outcome)),
    ]
    return "\n".join(parts)


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
        return "any open state"
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
    rows = (
        (f"`{command}`", *((rule.to or status) if status in rule.sources else "" for status in Status))
        for command, rule in LIFECYCLE.items()
    )
    return _table(("", *Status), rows)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
