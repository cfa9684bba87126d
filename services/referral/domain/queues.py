"""Queues: what somebody's work with referrals falls into, each the filter of the list that shows it. Pure rules.

A referral may stand in several of them, as one that is new, due soon and assigned to nobody.
"""

from typing import Final, Literal, NamedTuple

from services.referral.domain.attention import Attention
from services.referral.domain.deadlines import EXPIRED
from services.referral.domain.lifecycle import OPEN, TERMINAL, Side, Status
from services.referral.domain.referral_filter import DueWhen, ReferralFilter

QueueName = Literal[
    "answers_unseen",
    "declined",
    "drafts",
    "due_soon",
    "ended",
    "expired",
    "in_progress",
    "mine",
    "new",
    "not_closed",
    "on_hold",
    "overdue",
    "unassigned",
    "unread_messages",
    "waiting",
]

MOST_COUNTED: Final = 1000
"""A longer queue is only said to be longer, so that counting one never reads more rows than this and one more."""


class Queue(NamedTuple):
    """A queue; its box says on which side one stands in it."""

    name: QueueName
    filter: ReferralFilter


def _in_order(statuses: frozenset[Status]) -> tuple[Status, ...]:
    return tuple(status for status in Status if status in statuses)


_ON_DESK: Final = _in_order(OPEN - {Status.DRAFT})
_UNDER_WAY: Final = _in_order(OPEN - {Status.DRAFT, Status.REQUESTED})
_SENT, _RECEIVED = Side.SOURCE, Side.TARGET

QUEUES: Final = (
    Queue("answers_unseen", ReferralFilter(_SENT, unseen_answers=True)),
    Queue("declined", ReferralFilter(_SENT, (Status.REJECTED,), only_open=True)),
    Queue("expired", ReferralFilter(_SENT, only_open=True, business_status=EXPIRED)),
    Queue("drafts", ReferralFilter(_SENT, (Status.DRAFT,))),
    Queue("waiting", ReferralFilter(_SENT, (Status.REQUESTED,))),
    Queue("in_progress", ReferralFilter(_SENT, _UNDER_WAY)),
    Queue("not_closed", ReferralFilter(_SENT, attention=Attention.NOT_CLOSED)),
    Queue("unread_messages", ReferralFilter(_SENT, unread_messages=True)),
    Queue("new", ReferralFilter(_RECEIVED, (Status.REQUESTED,))),
    Queue("mine", ReferralFilter(_RECEIVED, _ON_DESK, assigned="me")),
    Queue("unassigned", ReferralFilter(_RECEIVED, _ON_DESK, assigned="none")),
    Queue("due_soon", ReferralFilter(_RECEIVED, due=DueWhen.SOON)),
    Queue("overdue", ReferralFilter(_RECEIVED, due=DueWhen.OVERDUE)),
    Queue("in_progress", ReferralFilter(_RECEIVED, (Status.ACCEPTED, Status.IN_PROGRESS))),
    Queue("on_hold", ReferralFilter(_RECEIVED, (Status.ON_HOLD,))),
    Queue("ended", ReferralFilter(_RECEIVED, _in_order(TERMINAL))),
    Queue("unread_messages", ReferralFilter(_RECEIVED, unread_messages=True)),
)
"""In the order in which they need somebody, side by side."""


def queues_of(roles: frozenset[str]) -> list[Queue]:
    """The queues that somebody with these roles has: a desk has sent what it passed on."""
    sides = ({_SENT} if roles & {"adviser", "recipient"} else set()) | ({_RECEIVED} if "recipient" in roles else set())
    return [queue for queue in QUEUES if queue.filter.box in sides]
