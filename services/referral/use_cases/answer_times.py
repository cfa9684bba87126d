"""How much working time the answers to referrals took: written down with the answer, once and for all."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import BigInteger, Uuid, func
from sqlmodel import col

from services.referral.domain.working_time import to_microseconds, working_time
from services.referral.queries.terms import closures_of
from services.referral.tables import Referral
from services.referral.tables.referrals import UNMEASURED
from services.referral.unit_of_work import UnitOfWork
from shared.database.value_lists import value_lists
from shared.events.catalog import Closure

PORTION: Final = 500


def measure_answer(referral: Referral, closures: Sequence[Closure]) -> None:
    """Write down how long the answer to a referral took, if there is one; `closures` are the target's, as now known."""
    answered_at = referral.accepted_at or referral.declined_at
    if referral.working_time_to_answer is None and referral.sent_at is not None and answered_at is not None:
        referral.working_time_to_answer = _microseconds(referral.sent_at, answered_at, closures)


async def measure_some(work: UnitOfWork, after: UUID, at_most: int = PORTION) -> UUID | None:
    """Do so for answers of a version that did not write it down, by the closures of today, in the order of ids.

    It begins after the id `after` and returns the last that it came to; None when there are no more. Rows that somebody
    has locked are left out. Neither a version nor an event tells of it.
    """
    columns = (
        col(Referral.id),
        col(Referral.target_organization_id),
        col(Referral.sent_at),
        func.coalesce(col(Referral.accepted_at), col(Referral.declined_at)),
    )
    some = sa.select(*columns).where(UNMEASURED, col(Referral.id) > after).order_by(col(Referral.id)).limit(at_most)
    found = (await work.tx.execute(some.with_for_update(skip_locked=True))).all()
    if not found:
        return None
    closures = await closures_of(work, {target for _, target, _, _ in found})
    times: dict[UUID, int] = {
        row_id: _microseconds(sent, answered, closures[target]) for row_id, target, sent, answered in found
    }
    measured = value_lists("measured", {"id": (Uuid(), times), "spent": (BigInteger(), times.values())})
    write = sa.update(Referral).where(col(Referral.id) == measured.c.id)
    await work.tx.execute(write.values(working_time_to_answer=measured.c.spent))
    return max(times)


def _microseconds(sent_at: datetime, answered_at: datetime, closures: Sequence[Closure]) -> int:
    return to_microseconds(working_time(sent_at, answered_at, closures))
