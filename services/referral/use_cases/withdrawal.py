"""Withdrawing a consent: what was passed on from the referral, and rests on consent too, ends with it."""

from uuid import UUID

from sqlmodel import col, select

from services.referral.domain.chains import below
from services.referral.domain.lifecycle import Reason, Side, Status
from services.referral.queries.chains import members_of_chain
from services.referral.queries.withdrawals import ends_with_withdrawal
from services.referral.schemas.commands import Withdrawal
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork, UnitOfWork
from services.referral.use_cases.deadlines import recompute_timers
from services.referral.use_cases.recording import record_change
from services.referral.use_cases.sealed_texts import read_texts, write_texts


def note_withdrawal(referral: Referral, withdrawal: Withdrawal, side: Side | None) -> None:
    """Keep who told of the withdrawal, and on which day, as the reason for the end."""
    referral.reason_code, referral.reason_side = Reason.CONSENT_WITHDRAWN, side
    referral.withdrawal_told_by = withdrawal.told_by
    referral.withdrawal_told_on = withdrawal.told_on


async def withdraw_below(work: ActorUnitOfWork, referral: Referral, withdrawal: Withdrawal) -> None:
    """End what was passed on from `referral` and rests on consent, as far as it is open.

    Neither side of such a child did it, so both are told.
    """
    ending = [child for child in await lock_below(work, referral) if ends_with_withdrawal(child)]
    for child in ending:
        texts = await read_texts(work, child)
        texts.status_reason = None
        child.status = Status.CANCELLED
        note_withdrawal(child, withdrawal, None)
        await write_texts(work, child, texts)
        record_change(work, child, "consent_withdrawn", None, None)
    if ending:
        await recompute_timers(work, ending)


async def lock_below(work: UnitOfWork, referral: Referral) -> list[Referral]:
    """What was passed on from `referral`, which is locked already: locked too, and complete until the commit.

    A chain is always locked from the top down, the older first, so that two transactions never wait for each other.
    While one waits, somebody may pass on what it is about to lock; so it looks again until nothing new is there.
    """
    locked: dict[UUID, Referral] = {}  # of a row that is locked the chain holds another object, as it was before
    while True:
        new = [link.id for link in below(referral.id, await members_of_chain(work, referral)) if link.id not in locked]
        if not new:
            return [locked[key] for key in sorted(locked)]
        rows = select(Referral).where(col(Referral.id).in_(new)).order_by(col(Referral.id)).with_for_update()
        locked |= {row.id: row for row in await work.tx.all(rows)}
