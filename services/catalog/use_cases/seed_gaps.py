"""What seeding adds to services that are there: what nobody has said of them yet, such as keywords after an upgrade."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select

from services.catalog.schemas.seed_file import ServiceEntry
from services.catalog.tables import Service, ServiceAlias
from services.catalog.use_cases.recording import record_service_change
from services.catalog.use_cases.texts import merged_keywords
from shared.database.transaction import Transaction
from shared.publishing.outbox import Outbox


async def fill_gaps(tx: Transaction, outbox: Outbox, entries: Iterable[ServiceEntry], now: datetime) -> list[UUID]:
    """Give services of the data file their keywords where they never had any; returns their organisations' ids.

    What somebody has said stays, and be it that there are none. A service is known by a former slug too.
    """
    wanted = select(Service).where(col(Service.keywords).is_(None)).order_by(col(Service.id)).with_for_update()
    lacking = {service.id: service for service in await tx.all(wanted)}
    by_slug = {service.slug: service for service in lacking.values()}
    for alias in await tx.all(select(ServiceAlias).where(col(ServiceAlias.service_id).in_(lacking))):
        if alias.slug is not None:
            by_slug.setdefault(alias.slug, lacking[alias.service_id])
    filled = []
    for entry in entries:
        if (service := by_slug.get(entry.slug)) is not None:
            service.keywords = merged_keywords(None, entry.keywords)
            service.version += 1
            service.updated_at = now
            tx.update(service)
            record_service_change(tx, outbox, service)
            filled.append(service.organization_id)
    return filled
