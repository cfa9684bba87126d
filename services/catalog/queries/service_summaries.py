"""Services as lists show them: one statement for all of them, of the columns that a list shows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Row, Select
from sqlmodel import col, select

from services.catalog.domain.services import Situation
from services.catalog.queries.pages import among
from services.catalog.queries.services import closed_on, has_desk
from services.catalog.tables import Organization, Service, ServiceFacts
from shared.database.rows import table_of
from shared.database.transaction import Transaction

_OF_SERVICE: Final = (
    "id", "slug", "version", "organization_id", "name", "alternate_name", "description", "eligibility_description",
    "status", "languages", "target_groups", "url", "email", "capacity", "available", "response_days",
    "urgent_response_days", "expiry_days", "capacity_updated_at", "updated_at",
)  # fmt: skip
_OF_ORGANIZATION: Final = ("slug", "name", "description", "active")


@dataclass(frozen=True)
class SummarizedService:
    """What a list shows of a service: `row` has columns of `Service`, `organization` some of `Organization`."""

    row: Row[Any]
    organization: Mapping[str, Any]
    situation: Situation
    facts: Mapping[str, Any] | None


async def service_summaries(tx: Transaction, ids: Sequence[UUID], today: date) -> list[SummarizedService]:
    """The services with these ids, in this order."""
    found = await tx.execute(_summaries(today).where(among(Service.id, ids)))
    by_id = {row.id: _summarized(row) for row in found}
    return [by_id[key] for key in ids if key in by_id]


def _summaries(today: date) -> Select[*tuple[Any, ...]]:
    services, organizations = table_of(Service).c, table_of(Organization).c
    wanted: Select[*tuple[Any, ...]] = (
        select(  # type: ignore[call-overload]
            *(services[name] for name in _OF_SERVICE),
            *(organizations[name].label(f"organization_{name}") for name in _OF_ORGANIZATION),
            closed_on(today).label("closed_today"),
            has_desk().label("has_desk"),
            col(ServiceFacts.facts).label("facts"),
        )
        .join(Organization, col(Organization.id) == Service.organization_id)
        .outerjoin(ServiceFacts, col(ServiceFacts.id) == Service.id)
    )
    return wanted


def _summarized(row: Row[Any]) -> SummarizedService:
    organization = {"id": row.organization_id, "slug": row.organization_slug, "name": row.organization_name}
    return SummarizedService(
        row,
        {**organization, "description": row.organization_description},
        Situation(row.organization_active, row.status, row.capacity, row.closed_today, row.has_desk),
        row.facts,
    )
