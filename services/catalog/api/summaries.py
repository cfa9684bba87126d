"""Services as lists show them, in one language."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Row

from services.catalog.api.parts import language_view
from services.catalog.domain.services import Situation, accepting, obstacles
from services.catalog.domain.texts import in_language
from services.catalog.queries.service_summaries import SummarizedService
from services.catalog.tables import Organization, Service

_AS_THEY_ARE: Final = (
    "id", "slug", "organization_id", "status", "url", "email", "response_days", "urgent_response_days", "expiry_days",
    "target_groups", "version",
)  # fmt: skip


def summary_of(found: SummarizedService, language: str) -> dict[str, Any]:
    """The fields of a `ServiceSummary` in `language`."""
    return summary_fields(found.row, found.organization, found.situation, language) | facts_of(found.facts)


def summary_fields(
    row: Service | Row[Any], organization: Mapping[str, Any], now: Situation, language: str
) -> dict[str, Any]:
    """The same without statistics; `organization` has id, slug, name and description."""
    return {name: getattr(row, name) for name in _AS_THEY_ARE} | {
        "organization": {
            "id": organization["id"],
            "slug": organization["slug"],
            "name": in_language(organization["name"], language),
            "description": in_language(organization["description"], language),
        },
        "name": in_language(row.name, language),
        "alternate_name": in_language(row.alternate_name, language) or None,
        "description": in_language(row.description, language),
        "eligibility_description": in_language(row.eligibility_description, language) or None,
        "languages": [language_view(row.id, code, language) for code in row.languages],
        "capacity": {"status": row.capacity, "available": row.available, "updated": row.capacity_updated_at},
        "accepting": accepting(now),
        "not_accepting_because": obstacles(now),
        "last_modified": row.updated_at,
    }


def organization_fields(row: Organization) -> dict[str, Any]:
    """An organisation as `summary_fields` takes it."""
    return {"id": row.id, "slug": row.slug, "name": row.name, "description": row.description}


def facts_of(facts: Mapping[str, Any] | None) -> dict[str, Any]:
    """The statistics of a service, or why none are shown."""
    if facts is None:
        return {"facts": None, "facts_status": "unknown"}
    if facts["suppressed"]:
        return {"facts": None, "facts_status": "suppressed"}
    return {"facts": facts, "facts_status": "shown"}
