"""What was passed on ends with the referral above it: by a withdrawn consent, or because that one was an error."""

from collections.abc import Collection
from typing import Final

from sqlalchemy.orm import aliased
from sqlmodel import col, select

from services.referral.domain.lifecycle import Reason, Status
from services.referral.queries.withdrawals import ends_with_withdrawal
from services.referral.schemas.commands import Withdrawal
from services.referral.tables import Referral
from services.referral.unit_of_work import UnitOfWork
from services.referral.use_cases.deadlines import recompute_timers
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import read_texts, write_texts
from services.referral.use_cases.withholding import withhold_messages

REACH_BELOW: Final = ("withdraw-consent", "mark-error")
"""The commands that end what was passed on from the referral they are given to."""


async def lock_below(work: UnitOfWork, referral: Referral) -> list[Referral]:
    """What was passed on from `referral`, which is locked already: locked too, and complete until the commit.

    A chain is always locked from the top down, a level at a time and the older first, so that two transactions never
    wait for each other in a circle. From what is locked nobody passes anything on; so each level is whole once the one
    above it is held.
    """
    locked: list[Referral] = []
    level = [referral.id]
    while level:
        children = select(Referral).where(col(Referral.parent_id).in_(level))
        found = await work.tx.all(children.order_by(col(Referral.id)).with_for_update())
        locked += found
        level = [child.id for child in found]
    return locked


async def withdraw_below(work: UnitOfWork, passed_on: Collection[Referral], withdrawal: Withdrawal) -> None:
    """End what was passed on and rests on consent, as far as it is open; `passed_on` is locked.

    Neither side of such a child did it, so both are told.
    """
    ending = [child for child in passed_on if ends_with_withdrawal(child)]
    for child in ending:
        note_withdrawal(child, withdrawal)
        await _end(work, child, Status.CANCELLED, Reason.CONSENT_WITHDRAWN, "consent_withdrawn")
    if ending:
        await withhold_messages(work, ending)
        await recompute_timers(work, ending)


async def mark_below(work: UnitOfWork, passed_on: Collection[Referral], reason_code: str | None) -> None:
    """Mark all that was passed on as made in error, for `reason_code`, whatever became of it; it is locked.

    It is about the same client, who perhaps was the wrong one: nobody down the chain sees that client any more. Neither
    side of such a child did it, so both are told. The words that were given above stay there.
    """
    marked = [child for child in passed_on if child.status != Status.ENTERED_IN_ERROR]
    for child in marked:
        await _end(work, child, Status.ENTERED_IN_ERROR, reason_code, "marked_in_error")
    if marked:
        await withhold_messages(work, marked)
        await recompute_timers(work, marked)


def note_withdrawal(referral: Referral, withdrawal: Withdrawal) -> None:
    """Keep who told of the withdrawal, and on which day."""
    referral.withdrawal_told_by = withdrawal.told_by
    referral.withdrawal_told_on = withdrawal.told_on


async def _end(work: UnitOfWork, child: Referral, status: Status, reason_code: str | None, event: str) -> None:
    texts = await read_texts(work, child)
    texts.status_reason = None
    child.status, child.reason_code, child.reason_side = status, reason_code, None
    await write_texts(work, child, texts)
    record_change(work, child, event, None, None)


async def mark_what_was_left(work: UnitOfWork) -> bool:
    """Mark what was passed on from one referral that was made in error; returns whether there was one to do.

    An older version marked that referral alone. One that another transaction has locked is left for later.
    """
    child = aliased(Referral)
    left = select(child.id).where(
        col(child.parent_id) == col(Referral.id), col(child.status) != Status.ENTERED_IN_ERROR
    )
    query = select(Referral).where(Referral.status == Status.ENTERED_IN_ERROR, left.exists()).limit(1)
    referral = await work.tx.first(query.with_for_update(of=Referral, skip_locked=True))
    if referral is None:
        return False
    await mark_below(work, await lock_below(work, referral), referral.reason_code)
    return True
