"""When a side first looked at what it was told of, out of the looks that a referral notes. Pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.referral.domain.lifecycle import LIFECYCLE, TERMINAL, Side

MESSAGE: Final = "referral.message_sent.v1"
ENDINGS: Final = tuple(f"referral.{rule.event}.v1" for rule in LIFECYCLE.values() if rule.to in TERMINAL)
"""The events with which a referral ends."""


@dataclass(frozen=True)
class Looks:
    """The first looks that are noted: of the target, of the source at the answer, and at messages.

    `messages` holds, by who wrote it and when, when the other side first read it.
    """

    target: datetime | None
    answer: datetime | None
    messages: Mapping[tuple[str, datetime], datetime]


def opened_at(looks: Looks, told: str, event_type: str, at: datetime, by: str | None) -> datetime | None:
    """When the side that was `told` first looked at what happened `at` by the side `by`; None: it is not known."""
    if event_type == MESSAGE:
        return looks.messages.get((by, at)) if by is not None and by != told else None
    if told == Side.TARGET:
        return _since(at, looks.target)
    return _since(at, looks.answer) if told == Side.SOURCE and event_type in ENDINGS else None


def _since(at: datetime, look: datetime | None) -> datetime | None:
    return look if look is not None and look >= at else None
