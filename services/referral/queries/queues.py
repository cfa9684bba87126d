"""Queues counted: for each of somebody's, how many referrals its list has, all by one statement."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import ScalarSelect, Select, and_, func, select
from sqlmodel import col

from services.referral.domain.queues import MOST_COUNTED, Queue, queues_of
from services.referral.queries.filters import boxes, conditions
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork


class QueueLength(NamedTuple):
    """How long a queue is; `longer`: it has more than `referrals`."""

    queue: Queue
    referrals: int
    longer: bool


async def count_queues(work: ActorUnitOfWork) -> list[QueueLength]:
    """Every queue of the actor with its length, up to MOST_COUNTED."""
    queues = queues_of(work.actor.roles)
    if not queues:
        return []
    lengths = (await work.tx.execute(counting(work, queues))).one()
    return [
        QueueLength(queue, min(length, MOST_COUNTED), length > MOST_COUNTED)
        for queue, length in zip(queues, lengths, strict=True)
    ]


def counting(work: ActorUnitOfWork, queues: Sequence[Queue]) -> Select[*tuple[int, ...]]:
    """The statement that counts, a number for each queue: one more than MOST_COUNTED stands for all that is longer."""
    return select(*(_length(work, queue).label(f"queue_{place}") for place, queue in enumerate(queues)))


def _length(work: ActorUnitOfWork, queue: Queue) -> ScalarSelect[int]:
    (box,) = boxes(work.actor, queue.filter)
    listed = and_(box, *conditions(work.actor, queue.filter, work.now))
    some = select(col(Referral.id)).where(listed).limit(MOST_COUNTED + 1).subquery()
    return select(func.count()).select_from(some).scalar_subquery()
