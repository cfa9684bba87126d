"""What still needs the source once a referral has ended: to look at the answer, and to close. Pure rules."""

from enum import StrEnum
from typing import Final

from services.referral.domain.lifecycle import TERMINAL, Side, Status, is_open


class Attention(StrEnum):
    """Why a referral that has ended stays open."""

    ANSWER_UNSEEN = "answer_unseen"
    NOT_CLOSED = "not_closed"


ANSWERS: Final = frozenset({Status.COMPLETED, Status.FAILED, Status.REJECTED})
"""Ends that only the target brings about, and that are news to the source."""


def is_answer(status: Status, ended_by: Side | None) -> bool:
    """Whether the end is news to the source: the target brought it about, or the clock did (`ended_by` None)."""
    return status in ANSWERS or (status is Status.CANCELLED and ended_by is not Side.SOURCE)


def attention(
    status: Status, *, was_sent: bool, is_closed: bool, ended_by: Side | None, answer_seen: bool
) -> Attention | None:
    """What the source has still to do about a referral that has ended: first look at the answer, then close it.

    None while the referral goes on, and when nothing is left to do.
    """
    if status not in TERMINAL or not is_open(status, was_sent=was_sent, is_closed=is_closed):
        return None
    unseen = is_answer(status, ended_by) and not answer_seen
    return Attention.ANSWER_UNSEEN if unseen else Attention.NOT_CLOSED
