"""Publishing statistics of the services: of each at most once a day, in steps, and by lot."""

import hashlib
from collections import defaultdict
from collections.abc import Callable
from datetime import date, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import col, or_, select

from services.referral.domain.lifecycle import OPEN, Status
from services.referral.domain.publication import Published, all_figures, is_drawn, refreshed, shown
from services.referral.domain.service_statistics import WINDOW, Case, Statistics, statistics_of
from services.referral.tables import Organization, PublishedStatistics, Referral, Service
from services.referral.unit_of_work import UnitOfWork

_SLACK = timedelta(days=1)
"""Read are also referrals this much older than the rules count, so that none is missed on the edge."""


async def publish_statistics(work: UnitOfWork) -> int:
    """Look at each service once a day, and record an event for those whose published figures change; returns how many.

    A service without referrals has one too, with its figures suppressed; so nobody can tell it from one with a few. One
    that was never published is published at once, any other on days drawn by lot.
    """
    published = {row.service_id: row for row in await work.tx.all(select(PublishedStatistics))}
    services = await work.tx.all(select(Service).order_by(col(Service.id)))
    unseen = [service for service in services if not looked_at(published.get(service.id), work.today)]
    if not unseen:
        return 0
    organizations = {row.id: row for row in await work.tx.all(select(Organization))}
    cases = await _cases(work)
    count = 0
    for service in unseen:
        last = published.get(service.id)
        if last is None:
            last = PublishedStatistics(service_id=service.id, sequence=0, digest=b"", told_at=work.now)
            work.tx.insert(last)
        last.looked_on = work.today
        owner = organizations.get(service.organization_id)
        exact = statistics_of(cases[service.id], owner.closed_days if owner else [], work.now)
        count += _publish(work, service, exact, last)
        work.tx.update(last)
    return count


def looked_at(last: PublishedStatistics | None, today: date) -> bool:
    """Whether the service whose statistics were published last as `last` was looked at today."""
    return last is not None and last.looked_on == today


def _publish(work: UnitOfWork, service: Service, exact: Statistics, last: PublishedStatistics) -> bool:
    """Record the event, unless the same was published last; returns whether it did."""
    drawn = all_figures if last.sequence == 0 else _lots(work, service)
    behind = refreshed(Published.model_validate(last.behind), exact, work.now, drawn)
    last.behind = behind.model_dump(mode="json")
    facts = shown(service.id, service.organization_id, behind, work.now)
    digest = hashlib.sha256(facts.model_dump_json(exclude={"as_of"}).encode()).digest()
    if last.digest == digest:
        return False
    last.sequence, last.digest, last.told_at = last.sequence + 1, digest, work.now
    work.outbox.record(work.tx, "referral.service_facts.v1", service.id, last.sequence, facts)
    return True


def _lots(work: UnitOfWork, service: Service) -> Callable[[str], bool]:
    """Whether today's lot falls on a figure of a service, by the figure's name."""
    return lambda figure: is_drawn(work.vault.digest("publication", str(service.id), str(work.today), figure))


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
