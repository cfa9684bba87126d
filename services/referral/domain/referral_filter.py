"""What a list of referrals may be narrowed to, and how that is written in the query of an address. Pure data."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

from services.referral.domain.attention import Attention
from services.referral.domain.deadlines import BusinessStatus
from services.referral.domain.lifecycle import Side, Status

Assigned = Literal["me", "none"] | UUID
Box = Literal["sent", "received"]
BOXES: Final[dict[Side, Box]] = {Side.SOURCE: "sent", Side.TARGET: "received"}


class DueWhen(StrEnum):
    """How near the answer to a waiting referral is due: `soon` from the reminder on, `overdue` from the deadline on."""

    SOON = "soon"
    OVERDUE = "overdue"


@dataclass(frozen=True)
class ReferralFilter:
    """Which of the referrals that an actor may see a list is to hold; None or empty: all."""

    box: Side | None = None
    statuses: tuple[Status, ...] = ()
    only_open: bool | None = None
    assigned: Assigned | None = None
    attention: Attention | None = None
    unseen_answers: bool | None = None
    unread_messages: bool | None = None
    due: DueWhen | None = None
    business_status: BusinessStatus | None = None
    reference: str | None = None

    def query(self) -> list[tuple[str, str]]:
        """The parameters of `GET /referrals` that ask for this, always in the same order."""
        return list(self._parameters())

    def _parameters(self) -> Iterator[tuple[str, str]]:
        if self.box is not None:
            yield "box", BOXES[self.box]
        yield from (("status", status) for status in Status if status in self.statuses)
        named = {
            "open": self.only_open,
            "assigned": self.assigned,
            "attention": self.attention,
            "unseen_answers": self.unseen_answers,
            "unread_messages": self.unread_messages,
            "due": self.due,
            "business_status": self.business_status,
            "reference": self.reference,
        }
        for name, value in named.items():
            if value is not None:
                yield name, str(value).lower() if isinstance(value, bool) else str(value)
