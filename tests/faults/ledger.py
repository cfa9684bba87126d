"""The ledger: every request that was acknowledged, and what has to be true because of it."""

import json
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from tests.faults.checks.erased import Erased


@dataclass(frozen=True)
class Promise:
    """One acknowledged command: the service said that `event_type` happened to `subject`.

    `version` is the one that the answer carried; `detail` what else names the effect: the idempotency key of a
    creation, the id of a message; `at` when it was answered.
    """

    service: str
    event_type: str
    subject: str
    version: int
    actor: str
    detail: str = ""
    at: float = field(default_factory=time.time, compare=False)


@dataclass(frozen=True)
class Answers:
    """What one request for many was answered: each of them that was carried out is told of by `event_type`.

    `done` are those that were answered with 200, in the version that they have by it; `refused` are the others.
    Whatever came of the request, however often it was sent, carries its id of `correlation`.
    """

    correlation: str
    event_type: str
    done: frozenset[tuple[str, int]]
    refused: frozenset[str]


@dataclass
class Ledger:
    """What the actors were promised, and how often they were not."""

    promises: list[Promise] = field(default_factory=list)
    answers: list[Answers] = field(default_factory=list)
    """What was answered to each request for many referrals at once."""
    keys: dict[str, str] = field(default_factory=dict)
    """Idempotency key → id of the referral that its request was answered with, again and again."""
    seen: set[str] = field(default_factory=set)
    """Notices of which somebody was told that it is noted: they have seen them."""
    erased: list[Erased] = field(default_factory=list)
    """Clients of whom an operator was told that they are erased."""
    contradictions: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    """What somebody waited for, and it never came."""
    refused: Counter[str] = field(default_factory=Counter)
    """What was not acknowledged, by the answer: a status, or the kind of failure."""

    def acknowledge(self, promise: Promise) -> None:
        """Write down a promise."""
        self.promises.append(promise)

    def created(self, key: str, referral_id: str) -> None:
        """Write down the answer to a request with an idempotency key."""
        if self.keys.setdefault(key, referral_id) != referral_id:
            self.contradictions.append(f"key {key} was answered with {self.keys[key]} and with {referral_id}")

    def save(self, path: Path) -> None:
        """Leave the ledger as JSON lines, for whoever looks into a failed run."""
        path.write_text("".join(json.dumps(asdict(promise)) + "\n" for promise in self.promises))
