"""Rows of the catalogue turned into what callers see, in one language, with all translations beside it."""

from datetime import date
from typing import Any
from uuid import UUID, uuid5

from babel import Locale

from services.catalog.api.attributes import attributes
from services.catalog.domain.services import accepting, obstacles
from services.catalog.domain.texts import LANGUAGES, in_language
from services.catalog.queries.organizations import FoundOrganization
from services.catalog.queries.services import FoundService
from services.catalog.schemas.members import MemberView
from services.catalog.schemas.organizations import OrganizationView
from services.catalog.schemas.services import ServiceView
from services.catalog.tables import Closure, Location, Member, OrganizationAlias, ServiceAlias, ServiceFacts


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
            "locations": [_location(each, language) for each in found.locations],
            "translations": _translations(
                name=row.name, alternate_name=row.alternate_name, description=row.description
            ),
            "last_modified": row.updated_at,
        }
    )


def service_view(found: FoundService, language: str) -> ServiceView:
    """The service in `language`."""
    row, organization = found.row, found.organization
    texts = {
        "name": row.name,
        "alternate_name": row.alternate_name,
        "description": row.description,
        "eligibility_description": row.eligibility_description,
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
            "languages": [_language(row.id, code, language) for code in row.languages],
            "capacity": {"status": row.capacity, "available": row.available, "updated": row.capacity_updated_at},
            "capacities": _counted(found, language),
            "keywords": row.keywords or {},
            "attributes": attributes(row, language),
            "service_at_locations": [
                {"id": link.id, "location": _location(location, language)} for link, location in found.locations
            ],
            "aliases": [_alias(each, language) for each in found.aliases],
            "accepting": accepting(found.situation),
            "not_accepting_because": list(obstacles(found.situation)),
            "translations": _translations(**texts),
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


def _translations(**fields: dict[str, str]) -> dict[str, dict[str, str]]:
    by_language = {
        language: {field: texts[language] for field, texts in fields.items() if texts.get(language)}
        for language in LANGUAGES
    }
    return {language: texts for language, texts in by_language.items() if texts}


def _alias(row: OrganizationAlias | ServiceAlias, language: str) -> dict[str, Any]:
    return row.model_dump(exclude={"id", "organization_id", "service_id"}) | {
        "name": in_language(row.name, language),
        "translations": _translations(name=row.name),
    }


def _closure(row: Closure, language: str) -> dict[str, Any]:
    return {
        "starts_on": row.starts_on,
        "ends_on": row.ends_on,
        "note": in_language(row.note, language) or None,
        "translations": _translations(note=row.note),
    }


def _location(row: Location, language: str) -> dict[str, Any]:
    address = {
        "id": uuid5(row.id, "address"),
        "address_1": row.address_1,
        "city": row.city,
        "state_province": "",
        "postal_code": row.postal_code,
        "country": "FI",
        "address_type": "physical",
    }
    return {
        "id": row.id,
        "location_type": row.location_type,
        "name": in_language(row.name, language),
        "description": in_language(row.description, language) or None,
        "url": row.url,
        "city": row.city,
        "addresses": [address] if row.address_1 and row.city and row.postal_code else [],
        "translations": _translations(name=row.name, description=row.description),
    }


def _language(service_id: UUID, code: str, language: str) -> dict[str, Any]:
    name = Locale(language).languages.get(code.partition("-")[0], code)
    return {"id": uuid5(service_id, code), "code": code, "name": name}


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
