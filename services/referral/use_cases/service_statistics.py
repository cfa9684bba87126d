"""Publishing statistics of the services, of each when they have changed."""

import hashlib
from collections import defaultdict
from datetime import timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, or_, select

from services.referral.domain.lifecycle import OPEN, Status
from services.referral.domain.service_statistics import WINDOW, Case, statistics_of
from services.referral.tables import Organization, PublishedStatistics, Referral, Service
from services.referral.unit_of_work import UnitOfWork
from shared.events.referral import ServiceFacts

_SLACK = timedelta(days=1)
"""Read are also referrals this much older than the rules count, so that none is missed on the edge."""


async def publish_statistics(work: UnitOfWork) -> int:
    """Record an event for each service whose statistics differ from those published last; returns how many there were.

    A service without referrals has one too, with its figures suppressed; so nobody can tell it from one with a few.
    """
    services = await work.tx.all(select(Service).order_by(col(Service.id)))
    organizations = {row.id: row for row in await work.tx.all(select(Organization))}
    published = {row.service_id: row for row in await work.tx.all(select(PublishedStatistics))}
    cases = await _cases(work)
    count = 0
    for service in services:
        owner = organizations.get(service.organization_id)
        closures = owner.closed_days if owner else []
        statistics = statistics_of(service.id, service.organization_id, cases[service.id], closures, work.now)
        count += _publish(work, statistics, published.get(service.id))
    return count


def _publish(work: UnitOfWork, statistics: ServiceFacts, last: PublishedStatistics | None) -> bool:
    """Record the event, unless the same was published last; returns whether it did."""
    digest = hashlib.sha256(statistics.model_dump_json(exclude={"as_of"}).encode()).digest()
    if last is not None and last.digest == digest:
        return False
    if last is None:
        last = PublishedStatistics(service_id=statistics.service_id, sequence=0, digest=digest, told_at=work.now)
        work.tx.insert(last)
    last.sequence, last.digest, last.told_at = last.sequence + 1, digest, work.now
    work.tx.update(last)
    work.outbox.record(work.tx, "referral.service_facts.v1", statistics.service_id, last.sequence, statistics)
    return True


async def _cases(work: UnitOfWork) -> defaultdict[UUID, list[Case]]:
    """The referrals that may count, by service."""
    recent = col(Referral.sent_at) >= work.now - WINDOW - _SLACK
    columns = (
        col(Referral.service_id),
        col(Referral.status),
        col(Referral.sent_at),
        col(Referral.accepted_at),
        col(Referral.declined_at),
        col(Referral.reason_code),
        col(Referral.respond_by),
    )
    query = sa.select(*columns).where(col(Referral.sent_at).is_not(None), or_(recent, col(Referral.status).in_(OPEN)))
    found: defaultdict[UUID, list[Case]] = defaultdict(list)
    for service_id, status, *rest in await work.tx.execute(query):
        found[service_id].append(Case(Status(status), *rest))
    return found
