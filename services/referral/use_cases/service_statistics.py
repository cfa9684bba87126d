"""Telling of service facts: those of every service, each time that they have changed."""

import hashlib
from collections import defaultdict
from datetime import timedelta
from uuid import UUID

from sqlmodel import col, or_, select

from services.referral.domain.lifecycle import OPEN, Status
from services.referral.domain.service_statistics import WINDOW, Case, service_facts
from services.referral.tables import Organization, Referral, Service, ToldFacts
from services.referral.unit_of_work import Work
from shared.events.catalog import Closure
from shared.events.referral import ServiceFacts

_SLACK = timedelta(days=1)
"""What the rules leave out may be read; what they count must be."""


async def tell_service_facts(work: Work) -> int:
    """Tell of each service whose facts are not what was told last; returns how many there were.

    A service without referrals is told of too, as suppressed: so being suppressed does not say that there are some.
    """
    services = (await work.session.exec(select(Service).order_by(col(Service.id)))).all()
    organizations = {row.id: row for row in await work.session.exec(select(Organization))}
    told = {row.service_id: row for row in await work.session.exec(select(ToldFacts))}
    cases = await _cases(work)
    changed = 0
    for service in services:
        owner = organizations.get(service.organization_id)
        closures = [Closure.model_validate(each) for each in owner.closures] if owner else []
        facts = service_facts(service.id, service.organization_id, cases[service.id], closures, work.now)
        changed += _tell(work, facts, told.get(service.id))
    return changed


def _tell(work: Work, facts: ServiceFacts, told: ToldFacts | None) -> bool:
    digest = hashlib.sha256(facts.model_dump_json(exclude={"as_of"}).encode()).digest()
    if told is not None and told.digest == digest:
        return False
    told = told or ToldFacts(service_id=facts.service_id, sequence=0, digest=digest, told_at=work.now)
    told.sequence, told.digest, told.told_at = told.sequence + 1, digest, work.now
    work.session.add(told)
    work.outbox.record(work.session, "referral.service_facts.v1", facts.service_id, told.sequence, facts)
    return True


async def _cases(work: Work) -> defaultdict[UUID, list[Case]]:
    """The referrals that may count, by service."""
    recent = col(Referral.sent_at) >= work.now - WINDOW - _SLACK
    columns = (
        Referral.service_id,
        Referral.status,
        Referral.sent_at,
        Referral.accepted_at,
        Referral.declined_at,
        Referral.reason_code,
        Referral.respond_by,
    )
    query = select(*columns).where(  # type: ignore[call-overload]
        col(Referral.sent_at).is_not(None), or_(recent, col(Referral.status).in_(OPEN))
    )
    found: defaultdict[UUID, list[Case]] = defaultdict(list)
    for service_id, status, *rest in await work.session.execute(query):
        found[service_id].append(Case(Status(status), *rest))
    return found
