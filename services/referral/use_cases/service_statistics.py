"""Publishing statistics of the services: of each at most once a day, in steps, and by lot."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import col, select

from services.referral.domain.publication import Published, all_figures, is_drawn, refreshed, shown
from services.referral.domain.service_statistics import Statistics
from services.referral.queries.service_statistics import are_there_unseen, unseen_statistics
from services.referral.tables import PublishedStatistics, Service
from services.referral.unit_of_work import UnitOfWork

FACTS: Final = "referral.service_facts.v1"
"""What is recorded about a service, for as long as there is that"""

PORTION: Final = 50
"""How many services are published at once: so few that a worker has time for everything else between two portions."""

_ids = bindparam("ids", type_=ARRAY(Uuid))
_OWNERS = select(Service.id, Service.organization_id).where(col(Service.id) == any_(_ids)).order_by(col(Service.id))
_PUBLISHED = select(PublishedStatistics).where(col(PublishedStatistics.service_id) == any_(_ids))


async def count_statistics(work: UnitOfWork) -> list[dict[UUID, Statistics]]:
    """The services that nobody has looked at today with their exact statistics, in portions to be published."""
    portions: list[dict[UUID, Statistics]] = []
    if await are_there_unseen(work):
        async for service_id, exact in unseen_statistics(work):
            if not portions or len(portions[-1]) == PORTION:
                portions.append({})
            portions[-1][service_id] = exact
    return portions


async def publish_statistics(work: UnitOfWork, counted: Mapping[UUID, Statistics]) -> int:
    """Look at services that were `counted` at `work.now`, and record an event for those whose published figures change.

    Returns how many. A service without referrals has an event too, with its figures suppressed; so nobody can tell it
    from one with a few. One that was never published is published at once, any other on days drawn by lot. What
    another worker has looked at meanwhile is left as it is.
    """
    ids = {"ids": list(counted)}
    published = {row.service_id: row for row in await work.tx.all(_PUBLISHED, ids)}
    count = 0
    for service_id, organization_id in await work.tx.tuples(_OWNERS, ids):
        last = published.get(service_id)
        if looked_at(last, work.today):
            continue
        if last is None:
            last = PublishedStatistics(service_id=service_id, sequence=0, digest=b"", told_at=work.now)
            work.tx.insert(last)
        last.looked_on = work.today
        count += _publish(work, organization_id, counted[service_id], last)
        work.tx.update(last)
    return count


def looked_at(last: PublishedStatistics | None, today: date) -> bool:
    """Whether the service whose statistics were published last as `last` was looked at today."""
    return last is not None and last.looked_on == today


def _publish(work: UnitOfWork, organization_id: UUID, exact: Statistics, last: PublishedStatistics) -> bool:
    """Record the event, unless the same was published last; returns whether it did."""
    drawn = all_figures if last.sequence == 0 else _lots(work, last.service_id)
    behind = refreshed(Published.model_validate(last.behind), exact, work.now, drawn)
    last.behind = behind.model_dump(mode="json")
    facts = shown(last.service_id, organization_id, behind, work.now)
    digest = hashlib.sha256(facts.model_dump_json(exclude={"as_of"}).encode()).digest()
    if last.digest == digest:
        return False
    last.sequence, last.digest, last.told_at = last.sequence + 1, digest, work.now
    work.outbox.record(work.tx, FACTS, last.service_id, last.sequence, facts)
    return True


def _lots(work: UnitOfWork, service_id: UUID) -> Callable[[str], bool]:
    """Whether today's lot falls on a figure of a service, by the figure's name."""
    service, today = str(service_id), str(work.today)
    return lambda figure: is_drawn(work.vault.digest("publication", service, today, figure))
