"""The referral service as a small model: what it should answer and tell, written from the contract alone."""

from dataclasses import dataclass, field
from typing import Final

from tests.contract import CONTRACT, ENDED, EVENT_OF, FOR_BELOW, SIDES, UNDER_WAY

KNOWS_CLIENT: Final = ("accepted", "in-progress", "on-hold", "completed", "failed")
"""States in which the target knows who the client is."""


@dataclass(frozen=True)
class Actor:
    """Somebody who may call: an organisation, and the roles there."""

    name: str
    organization: str
    roles: frozenset[str]


@dataclass(frozen=True)
class Told:
    """An event as the model expects it in the log."""

    event: str
    sequence: int
    status: str
    side: str | None


@dataclass
class Referral:
    """One referral. `basis` is consent, statute, or None while a draft has none yet."""

    id: str
    source: str
    target: str
    basis: str | None
    parent: "Referral | None" = None
    children: list["Referral"] = field(default_factory=list)
    status: str = "draft"
    version: int = 0
    sent: bool = False
    viewed: bool = False
    closed: bool = False
    ended_by: str | None = None
    answer_seen: bool = False
    assigned: str | None = None
    log: list[Told] = field(default_factory=list)

    def side_of(self, who: Actor) -> str | None:
        """The side on which `who` sees the referral; None when it does not exist for them."""
        makers = {"adviser"} if self.parent is None else {"adviser", "recipient"}  # a desk made what it passed on
        if who.organization == self.source and makers & who.roles:
            return "source"
        if who.organization == self.target and "recipient" in who.roles and self.sent:
            return "target"
        return None

    def knows_client(self, side: str) -> bool:
        """Whether that side sees who the client is. Who passed it on knows it by the referral it was sent itself."""
        if side == "source" and self.parent is not None:
            return self.parent.knows_client("target")
        return side == "source" or self.status in KNOWS_CLIENT

    def offers(self, side: str) -> set[str]:
        """The commands that side may give now."""
        return {command for command in SIDES[side] if self.allows(command)}

    def allows(self, command: str) -> bool:
        """Whether the state allows a command."""
        if self.status in FOR_BELOW.get(command, ()):
            return self.basis == "consent" and any(each.rests_on_consent_and_is_open() for each in self.below())
        if self.status not in CONTRACT[command]:
            return False
        if command == "close":
            return self.sent and not self.closed
        return command != "withdraw-consent" or self.basis == "consent"

    def is_open(self) -> bool:
        """Whether somebody still has to do something."""
        if self.status in ENDED:
            return self.sent and not self.closed
        return self.status != "entered-in-error"

    def answered_unseen(self) -> bool:
        """Whether it ended, not by its source, and the source has not looked."""
        news = self.status in ENDED and self.ended_by != "source"
        return news and self.sent and not self.closed and not self.answer_seen

    def happen(self, event: str, side: str | None, *, to: str | None = None) -> None:
        """Something happens to the referral: a new version, and an event that tells of it."""
        self.status = to or self.status
        self.version += 1
        self.log.append(Told(event, self.version, self.status, side))

    def created(self, *, send: bool) -> None:
        """The source made it, and perhaps sent it at once."""
        self.happen("created", "source")
        if send:
            self.sent = True
            self.happen("sent", "source", to="requested")

    def looked_at(self, side: str) -> None:
        """A side opened it; the target's first look is told, and the source's first look at the answer noted."""
        if side == "target" and not self.viewed:
            self.viewed = True
            self.happen("first_viewed", "target")
        elif side == "source" and self.answered_unseen():
            self.answer_seen = True
            self.happen("answer_seen", "source")

    def commanded(self, who: Actor, command: str, version: int) -> int:
        """A complete and well-formed command by `who` on a version; returns the HTTP status, and does what it does."""
        side = self.side_of(who)
        if side is None:
            return 404
        if side not in {each for each, commands in SIDES.items() if command in commands}:
            return 403
        if version != self.version:
            return 412
        if not self.allows(command):
            return 409
        if command == "send" and self.basis is None:
            return 422
        to = CONTRACT[command].get(self.status, self.status)
        if to != self.status:
            self.ended_by = side
        self.sent = self.sent or command == "send"
        if command == "close":
            self.closed, self.answer_seen = True, self.answer_seen or self.ended_by != "source"
        self.happen(EVENT_OF[command], side, to=to)
        for each in self.below() if command in ("withdraw-consent", "mark-error") else ():
            each.ends_from_above(command)
        return 200

    def assigned_to(self, who: Actor, member: str | None, version: int) -> int:
        """Who looks after it from now on; returns the HTTP status. The same again changes nothing."""
        side = self.side_of(who)
        if side != "target":
            return 403 if side else 404
        if version != self.version:
            return 412
        if self.status not in ("requested", *UNDER_WAY):
            return 409
        if member != self.assigned:
            self.assigned = member
            self.happen("assigned", "target")
        return 200

    def edited(self, who: Actor, version: int, basis: str | None) -> int:
        """A change of the legal basis of a draft; returns the HTTP status."""
        side = self.side_of(who)
        if side is None:
            return 404
        if side != "source":
            return 403
        if version != self.version:
            return 412
        if self.status != "draft":
            return 409
        self.basis = basis
        self.happen("edited", "source")
        return 200

    def forwarded(self, who: Actor, organization: str, version: int) -> int:
        """The target passes it on to an organisation; returns the HTTP status. What it made is another referral."""
        side = self.side_of(who)
        if side != "target":
            return 403 if side else 404
        if organization == who.organization:
            return 422  # whom the body asks for is looked at before the state of the referral, and the chain after it
        if version != self.version:
            return 412
        if not self.allows("forward"):
            return 409
        if organization in self.parts_above():
            return 422
        self.happen("forwarded", "target")
        return 201

    def parts_above(self) -> set[str]:
        """Every organisation that has a part in the chain down to this referral."""
        return {self.source, self.target} | (self.parent.parts_above() if self.parent else set())

    def below(self) -> list["Referral"]:
        """What was passed on from it, and on from there."""
        return [each for child in self.children for each in (child, *child.below())]

    def rests_on_consent_and_is_open(self) -> bool:
        """Whether a withdrawal of the client's consent ends it."""
        return self.basis == "consent" and self.status in CONTRACT["withdraw-consent"]

    def ends_from_above(self, command: str) -> None:
        """It was done to a referral further up the chain, and reaches this one; nobody of its own two sides did it."""
        reached = self.rests_on_consent_and_is_open() if command == "withdraw-consent" else True
        if reached and self.status != "entered-in-error":
            self.ended_by = None
            self.happen(
                EVENT_OF[command], None, to="cancelled" if command == "withdraw-consent" else "entered-in-error"
            )

    def written_to(self, who: Actor) -> int:
        """A message by `who`; returns the HTTP status. It raises no version."""
        side = self.side_of(who)
        if side is None:
            return 404
        if not self.sent or self.closed or self.status == "entered-in-error":
            return 409
        self.log.append(Told("message_sent", self.version, self.status, side))
        return 201
