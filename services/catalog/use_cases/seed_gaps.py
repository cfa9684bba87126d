"""What seeding adds to services that are there: what nobody has said of them yet, such as keywords after an upgrade."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_
from sqlmodel import col, select

from services.catalog.schemas.seed_file import ServiceEntry
from services.catalog.tables import Service, ServiceAlias
from services.catalog.use_cases.details import details_after
from services.catalog.use_cases.recording import record_service_change
from services.catalog.use_cases.texts import merged_keywords
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox


def facts_of(entry: ServiceEntry) -> dict[str, Any]:
    """What the data file says of a service beyond its name and texts, column by column. Raises RuleBroken."""
    return {"keywords": merged_keywords(None, entry.keywords), **details_after(None, entry.details)}


async def fill_gaps(tx: Transaction, outbox: Outbox, entries: Iterable[ServiceEntry], now: datetime) -> list[UUID]:
    """Give services that are there what the data file says and nobody has said; returns their organisations' ids.

    What somebody has said stays, and be it that there is nothing. A service is known by a former slug too.
    """
    in_file = {entry.slug: entry for entry in entries}
    known = await _by_slug(tx, in_file)
    filled = []
    for entry in in_file.values():
        facts = facts_of(entry)
        service = known.get(entry.slug)
        if service is None or not _unsaid(service, facts):
            continue
        await tx.refresh(service, lock=True)
        if unsaid := _unsaid(service, facts):
            for name, value in unsaid.items():
                setattr(service, name, value)
            service.version += 1
            service.updated_at = now
            tx.update(service)
            record_service_change(tx, outbox, service)
            filled.append(service.organization_id)
    return filled


async def _by_slug(tx: Transaction, slugs: Collection[str]) -> dict[str, Service]:
    """The services that have, or had, one of the slugs; a slug that is in use comes before one that was."""
    former = await tx.all(select(ServiceAlias).where(col(ServiceAlias.slug).in_(slugs)))
    renamed = col(Service.id).in_([alias.service_id for alias in former])
    found = await tx.all(select(Service).where(or_(col(Service.slug).in_(slugs), renamed)))
    by_id = {service.id: service for service in found}
    by_slug = {alias.slug: by_id[alias.service_id] for alias in former if alias.slug is not None}
    return by_slug | {service.slug: service for service in found}


def _unsaid(service: Service, facts: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in facts.items() if getattr(service, name) is None}
