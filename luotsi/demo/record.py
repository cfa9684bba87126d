"""What the demo writes down: steps, who was told of each, and what was checked."""

from dataclasses import dataclass, field
from typing import Any, Literal

from luotsi.demo.people import ADVISER, Person

Which = Literal["first", "second", "third", "fourth", "fifth", "sixth"]
"""The referrals of the story."""


@dataclass(frozen=True)
class Expected:
    """That a person must be told of an event of a referral: once in the inbox, and once by mail.

    `opens` is the referral that the notice leads to, where that is another: the first one of a chain.
    """

    referral: Which
    event_type: str
    person: Person
    opens: Which | None = None

    @property
    def shown(self) -> Which:
        """The referral that the notice speaks of."""
        return self.opens or self.referral

    def __str__(self) -> str:
        return f"{self.person.email} of {self.event_type} of the {self.shown} referral"


@dataclass(frozen=True)
class End:
    """How a referral ends, as `reader`, whose organisation made it, sees it; all are closed."""

    status: str
    reader: Person = ADVISER


@dataclass
class Told:
    """The expected notice and mail, as far as they came. Milliseconds count from the answer to the command.

    `notice_gap_ms`: how long before that the inbox was last seen without it; None when the first look showed it.
    """

    expected: Expected
    notice_id: str | None = None
    title: str | None = None
    body: str | None = None
    notice_ms: float | None = None
    notice_gap_ms: float | None = None
    mail_file: str | None = None
    mail_subject: str | None = None
    mail_ms: float | None = None


@dataclass
class Step:
    """One thing that somebody did: when (seconds since the beginning), and how long the answer took."""

    at: float
    person: Person
    did: str
    took_ms: float
    referral: Which | None = None
    event_type: str | None = None
    told: list[Told] = field(default_factory=list)


@dataclass(frozen=True)
class Check:
    """Something that had to hold; `wrong` says exactly what did not."""

    name: str
    wrong: list[str]

    @property
    def well(self) -> bool:
        """Whether it held."""
        return not self.wrong


@dataclass
class Record:
    """All that happened in one run.

    `alone`: nothing but the demo happens on this platform, so that any other notice or mail is one too many.
    `referrals` holds each as its source saw it last; `seconds` is how long the story and its checks took.
    """

    expected: tuple[Expected, ...]
    mail_is_read: bool
    alone: bool
    steps: list[Step] = field(default_factory=list)
    referrals: dict[Which, dict[str, Any]] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def told(self) -> list[Told]:
        """Everything that somebody was expected to be told, as far as the story came."""
        return [told for step in self.steps for told in step.told]

    @property
    def well(self) -> bool:
        """Whether all held that was checked."""
        return bool(self.checks) and all(check.well for check in self.checks)

    @property
    def wrong(self) -> list[str]:
        """What did not hold, a line each."""
        return [line for check in self.checks for line in check.wrong]
