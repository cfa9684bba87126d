"""Rows of the catalogue turned into what callers see, in one language, with all translations beside it."""

from datetime import date
from typing import Any
from uuid import uuid5

from services.catalog.api.attributes import attributes
from services.catalog.api.details import details
from services.catalog.api.locations import location_view
from services.catalog.api.parts import language_view, translations
from services.catalog.domain.services import accepting, obstacles
from services.catalog.domain.texts import in_language
from services.catalog.queries.organizations import FoundOrganization
from services.catalog.queries.services import FoundService
from services.catalog.schemas.members import MemberView
from services.catalog.schemas.organizations import OrganizationView
from services.catalog.schemas.services import ServiceView
from services.catalog.tables import Closure, Member, OrganizationAlias, ServiceAlias, ServiceFacts


def organization_view(found: FoundOrganization, language: str, today: date) -> OrganizationView:
    """The organisation in `language`, on the day `today`."""
    row = found.row
    return OrganizationView.model_validate(
        row.model_dump(exclude={"name", "alternate_name", "description"})
        | {
            "name": in_language(row.name, language),
            "alternate_name": in_language(row.alternate_name, language) or None,
            "description": in_language(row.description, language),
            "closed_today": any(each.starts_on <= today <= each.ends_on for each in found.closures),
            "closures": [_closure(each, language) for each in found.closures],
            "aliases": [_alias(each, language) for each in found.aliases],
            "locations": [location_view(each, language) for each in found.locations],
            "translations": translations(name=row.name, alternate_name=row.alternate_name, description=row.description),
            "last_modified": row.updated_at,
        }
    )


def service_view(found: FoundService, language: str, today: date) -> ServiceView:
    """The service in `language`, on the day `today`."""
    row, organization = found.row, found.organization
    texts = {
        "name": row.name,
        "alternate_name": row.alternate_name,
        "description": row.description,
        "eligibility_description": row.eligibility_description,
        "fees_description": row.fees_description or {},
        "interpretation_services": row.interpretation_services or {},
    }
    return ServiceView.model_validate(
        row.model_dump(exclude={"capacity", "languages", *texts})
        | {name: in_language(text, language) or None for name, text in texts.items()}
        | {
            "description": in_language(row.description, language),
            "organization": {
                "id": organization.id,
                "slug": organization.slug,
                "name": in_language(organization.name, language),
                "description": in_language(organization.description, language),
            },
            "languages": [language_view(row.id, code, language) for code in row.languages],
            "capacity": {"status": row.capacity, "available": row.available, "updated": row.capacity_updated_at},
            "capacities": _counted(found, language),
            "keywords": row.keywords or {},
            **details(row, language, today),
            "attributes": attributes(row, language),
            "service_at_locations": [
                {"id": link.id, "location": location_view(location, language)} for link, location in found.locations
            ],
            "aliases": [_alias(each, language) for each in found.aliases],
            "accepting": accepting(found.situation),
            "not_accepting_because": list(obstacles(found.situation)),
            "translations": translations(**texts),
            "last_modified": row.updated_at,
            **_facts(found.facts),
        }
    )


def member_view(row: Member) -> MemberView:
    """The member as it is."""
    return MemberView.model_validate(row.model_dump())


def _facts(row: ServiceFacts | None) -> dict[str, Any]:
    """The statistics of a service, or why none are shown."""
    if row is None:
        return {"facts": None, "facts_status": "unknown"}
    if row.facts["suppressed"]:
        return {"facts": None, "facts_status": "suppressed"}
    return {"facts": row.facts, "facts_status": "shown"}


def _alias(row: OrganizationAlias | ServiceAlias, language: str) -> dict[str, Any]:
    return row.model_dump(exclude={"id", "organization_id", "service_id"}) | {
        "name": in_language(row.name, language),
        "translations": translations(name=row.name),
    }


def _closure(row: Closure, language: str) -> dict[str, Any]:
    return {
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "note": in_language(row.note, language) or None,
        "translations": translations(note=row.note),
    }


def _counted(found: FoundService, language: str) -> list[dict[str, Any]]:
    row = found.row
    if row.available is None:
        return []
    unit = {"fi": "paikka", "sv": "plats", "en": "place"}[language]
    return [
        {
            "id": uuid5(row.id, "capacity"),
            "unit": {"id": uuid5(row.id, "place"), "name": unit},
            "available": row.available,
            "updated": row.capacity_updated_at,
        }
    ]
